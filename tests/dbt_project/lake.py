"""Builders of a small lake: regions with a history, and silver tables as the silver job writes them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.naming import silver, table_path
from lakehouse.objects import open_area
from spark_jobs.lake import storage
from spark_jobs.lake.tables import TableShape

REGISTRY, SERVICES, CHECKS = "c_household_registration", "s_elderly_service_list", "g_person_check"
PERMITS, LEDGERS, CERTIFICATES = "c_residence_permit", "v_resident_ledger", "p_disability_certificate"
COMPANIES, ADDRESSES, CASES, EVENTS = "c_enterprise_registration", "c_standard_address", "d_assistance_approval", "g_grid_event"
REGION = "region_code name level parent_code managed_by_code valid_from valid_to successor_code"
CODE = "code_table code label_zh label_en valid_from valid_to successor_code"
DEPARTMENT = "uscc name kind level region_code valid_from valid_to"
EVER = date(2000, 1, 1)


def instant(text: str) -> datetime:
    """Return a UTC instant written `YYYY-MM-DD[ HH:MM]`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Silver:
    """Rows of silver by resource, numbered in the order they are added."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, resource: str, at: str, **values: Any) -> None:
        """Add a version of a row, valid from an instant and known from that day on unless `_recorded_on` is given."""
        rows = self.rows.setdefault(resource, [])
        technical = {"valid_from": instant(at), "_deleted": False, "_recorded_on": instant(at).date(), "_batch_id": f"batch of {resource}"}
        numbered = {"_delivery_no": len(rows) + 1, "_source_line": len(rows) + 2, "_key": f"{resource} {len(rows)}"}
        rows.append(technical | numbered | values)

    def about(self, resource: str, person: str, at: str, **values: Any) -> None:
        """Add a version of a row about a person."""
        self.add(resource, at, **{"person_id": person, "id_no": f"number of {person}"} | values)

    def write(self, spark: SparkSession, instance: Instance) -> None:
        """Write the rows to the silver tables."""
        contracts = load_contracts(instance.settings.contracts)
        for resource, contract in contracts.items():
            forget(spark, instance, silver(resource))
            storage.ensure_tables(spark, instance, contract)
            insert(spark, silver(resource), self.rows.get(resource, []))


def insert(spark: SparkSession, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows; columns not named are null."""
    if not rows:
        return
    schema = spark.table(table).schema
    spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema).write.insertInto(table)


def forget(spark: SparkSession, instance: Instance, *tables: str) -> None:
    """Drop tables and remove their files."""
    for table in tables:
        spark.sql(f"drop table if exists {table}")
        folder = open_area(instance, "lake").local_path(table_path(table))
        assert folder is not None
        shutil.rmtree(folder, ignore_errors=True)


def region(code: str, level: str, parent: str | None, name: str = "", **values: Any) -> dict[str, Any]:
    """Return a version of a region, in force without end unless `values` change that."""
    return {"region_code": code, "level": level, "parent_code": parent, "name": name or code, "valid_from": EVER} | values


REGIONS = [
    region("44", "province", None, "广东省"),
    region("4499", "city", "44", "示范市"),
    region("449901", "district", "4499", "示范东区"),
    region("449902", "district", "4499", "示范西区"),
    region("449902001", "street", "449902", "云麓镇"),
    region("449902001001", "community", "449902001", "上塘村民委员会"),
    region("449902001001001", "grid", "449902001001"),
    region("449901001", "street", "449901", "望海街道"),
    region("449901002", "street", "449901", "青桐街道"),
    region("449901003", "street", "449901", valid_to=date(2026, 5, 1), successor_code="449901002"),
    region("449901001001", "community", "449901001", "香湾社区"),
    region("449901001002", "community", "449901001", "海滨社区"),
    region("449901002001", "community", "449901002", "香湾社区"),
    region("449901002008", "community", "449901002", "同名社区"),
    region("449901002009", "community", "449901002", "同名社区"),
    region("449901001001001", "grid", "449901001001"),
    region("449901001001002", "grid", "449901001001", valid_to=date(2026, 6, 2)),
    region("449901001001002", "grid", "449901002001", valid_from=date(2026, 6, 2)),
    region("449901001001009", "grid", "449901001001", valid_to=date(2026, 5, 1), successor_code="449901001001001"),
]
DEPARTMENTS = [
    {"uscc": f"office of {code}", "name": code, "kind": "street_office", "level": "street", "region_code": code, "valid_from": EVER}
    for code in ("449901001", "449901002")
]
DEPARTMENTS += [{**one, "uscc": "office of both"} for one in DEPARTMENTS]


LABELS = {"enterprise_status 1": "存续", "industry_section C": "制造业", "event_urgency 黄": "黄", "disability_grade 1": "一级"}
CODES = [dict(zip(CODE.split()[:4], (*name.split(), label, label), strict=True)) for name, label in LABELS.items()]


def write_reference(spark: SparkSession, instance: Instance, codes: Sequence[dict[str, str]] = ()) -> None:
    """Write the region tree with three streets; street 003 and grid 009 have a successor, grid 002 changes its street on 2 June.

    `codes` are labels of further codes.
    """
    labels = [*CODES, *codes]
    for table, columns, rows in (("ref.region", REGION, REGIONS), ("ref.department", DEPARTMENT, DEPARTMENTS), ("ref.code", CODE, labels)):
        forget(spark, instance, table)
        typed = tuple((name, "date" if name in ("valid_from", "valid_to") else "string") for name in columns.split())
        storage.ensure_table(spark, instance, TableShape(table, typed))
        insert(spark, table, rows)
