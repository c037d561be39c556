"""A lake of a few rows: reference tables and the silver tables of three resources, written as the silver step writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import SparkSession

from lakehouse.contracts.model import Column, Contract, CsvSource, Cycle, JsonLinesSource, Locality, PostgresSource, Sharing

TECHNICAL = {
    "person_id": "string",
    "_provider": "string",
    "valid_from": "timestamp",
    "valid_to": "timestamp",
    "_deleted": "boolean",
    "_recorded_on": "date",
    "_closed_on": "date",
    "_replaced_on": "date",
    "_batch_id": "string",
    "_delivery_no": "int",
    "_source_line": "bigint",
}
REGION = {
    "region_code": "string",
    "name": "string",
    "level": "string",
    "parent_code": "string",
    "managed_by_code": "string",
    "valid_from": "date",
    "valid_to": "date",
    "successor_code": "string",
}
DEPARTMENT = {
    "uscc": "string",
    "name": "string",
    "kind": "string",
    "level": "string",
    "region_code": "string",
    "valid_from": "date",
    "valid_to": "date",
}
EVER = date(2000, 1, 1)
DATES = {"birth_date", "move_in_date", "move_out_date", "cancel_date"}


def resource(code: str, source: Any, locality: Locality, columns: str) -> Contract:
    """Returns a contract with text columns (dates where the name says so) and the identity column `person_id`."""
    return Contract(
        code=code,
        name_zh=code,
        name_en=code,
        description=code,
        version="1.0.0",
        level="city",
        provider="11440400MB2D000008",
        source=source,
        cycle=Cycle(every="day", due_hours=9),
        delivery="increment",
        position=None,
        sharing=Sharing(attribute=2, grade=3, open_type="closed"),
        locality=locality,
        columns=tuple(
            Column(
                name=name,
                source_name=name,
                label_zh=name,
                label_en=name,
                type="date" if name in DATES else "string",
                key=name == "id_no",
                identity="person_id" if name == "id_no" else None,
            )
            for name in columns.split()
        ),
        rules=(),
        file=f"{code}.odcs.yaml",
    )


REGISTRY = resource(
    "c_household_registration",
    PostgresSource(kind="postgres", connection="source_city", table="household_registration", watermark="update_time"),
    Locality(code="hukou_region_code", address="hukou_address"),
    "id_no person_name gender_code birth_date ethnicity_code hukou_region_code hukou_address household_no relation_to_head_code"
    " move_out_date cancel_reason cancel_date",
)
SERVICES = resource(
    "s_elderly_service_list",
    CsvSource(kind="csv", path="s_elderly_service_list/{region}/{date}_*.csv", encoding="gb18030"),
    Locality(community_name="community_name"),
    "id_no person_name phone community_name",
)
CHECKS = resource(
    "g_person_check",
    JsonLinesSource(kind="jsonl", path="g_person_check/{date}_*.jsonl"),
    Locality(grid="grid_code"),
    "check_id grid_code person_name id_no phone address_id result",
)
CONTRACTS = {contract.code: contract for contract in (REGISTRY, SERVICES, CHECKS)}


def instant(text: str) -> datetime:
    """Returns a UTC instant written `YYYY-MM-DD[ HH:MM]`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Rows:
    """Rows of silver by resource, numbered as they come."""

    by_resource: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {code: [] for code in CONTRACTS})

    def add(self, contract: Contract, person: str, at: str, **values: Any) -> None:
        """Adds a version of a row about a person, valid from an instant, known from that day on unless `_recorded_on` says otherwise."""
        rows = self.by_resource[contract.code]
        known = {
            "person_id": person,
            "id_no": f"number of {person}",
            "valid_from": instant(at),
            "_deleted": False,
            "_recorded_on": instant(at).date(),
            "_batch_id": f"batch of {contract.code}",
            "_delivery_no": len(rows) + 1,
            "_source_line": len(rows) + 2,
        }
        rows.append({**known, **values})

    def write(self, spark: SparkSession, lake: str) -> None:
        """Writes the silver tables."""
        for code, contract in CONTRACTS.items():
            columns = {c.name: "date" if c.type == "date" else "string" for c in contract.kept_columns} | TECHNICAL
            write(spark, lake, f"silver.{code}", columns, self.by_resource[code])


def write(spark: SparkSession, lake: str, table: str, columns: dict[str, str], rows: Sequence[dict[str, Any]]) -> None:
    """Writes a Delta table anew."""
    schema, name = table.split(".")
    spark.sql(f"create schema if not exists {schema}")
    spark.sql(f"drop table if exists {table}")
    ddl = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    data = [tuple(row.get(column) for column in columns) for row in rows]
    frame = spark.createDataFrame(data, ddl)
    frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(f"{lake}/{schema}/{name}")
    spark.sql(f"create table {table} using delta location '{lake}/{schema}/{name}'")


def region(code: str, level: str, parent: str | None, name: str = "", **values: Any) -> dict[str, Any]:
    """Returns a region's version, effective for ever unless `values` say otherwise."""
    return {"region_code": code, "level": level, "parent_code": parent, "name": name or code, "valid_from": EVER, **values}


def write_reference(spark: SparkSession, lake: str) -> None:
    """Writes a city of two streets; street 440402003 has ended, grid 002 has moved to another community, grid 009 has a successor."""
    regions = [
        region("44", "province", None),
        region("4404", "city", "44"),
        region("440402", "district", "4404"),
        region("440402001", "street", "440402"),
        region("440402002", "street", "440402"),
        region("440402003", "street", "440402", valid_to=date(2026, 5, 1), successor_code="440402002"),
        region("440402001001", "community", "440402001", "香湾社区"),
        region("440402001002", "community", "440402001", "海滨社区"),
        region("440402002001", "community", "440402002", "香湾社区"),
        region("440402002008", "community", "440402002", "同名社区"),
        region("440402002009", "community", "440402002", "同名社区"),
        region("440402001001001", "grid", "440402001001"),
        region("440402001001002", "grid", "440402001001", valid_to=date(2026, 6, 2)),
        region("440402001001002", "grid", "440402002001", valid_from=date(2026, 6, 2)),
        region("440402001001009", "grid", "440402001001", valid_to=date(2026, 5, 1), successor_code="440402001001001"),
    ]
    write(spark, lake, "ref.region", REGION, regions)
    offices = [
        {"uscc": f"office {code}", "name": code, "kind": "street_office", "level": "street", "region_code": code, "valid_from": EVER}
        for code in ("440402001", "440402002")
    ]
    write(spark, lake, "ref.department", DEPARTMENT, offices)
