"""Builders of a small town's library tables with the columns that returns read, and a decoder of its published packages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lakehouse.city.regions import load_regions
from lakehouse.config import PROJECT, Instance
from lakehouse.naming import LEVELS
from lakehouse.returns.model import Return, load_sound_returns
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import TableShape
from tests.oracle import delivered

GRIDS = ("449901001001001", "449901001002001", "449901002001001")
RETURNS = load_sound_returns(PROJECT / "contracts" / "returns")[0]
TYPES = {"date": "date", "timestamp": "timestamp", "integer": "int", "number": "decimal(18,2)", "boolean": "boolean"}
Row = dict[str, Any]
Town = Mapping[str, Sequence[Row]]
DEFAULTS: dict[str, Row] = {
    "resident_list": {
        "person_name": "张三丰", "id_no": "44990119900307001X", "gender_code": "1", "birth_date": date(1990, 3, 7),
        "residence_address": "示范市望海街道3号2栋501房", "hukou_address": "示范市望海街道1号",
        "household_no": "100000001", "relation_to_head_code": "0",
        "is_local_hukou": True,
        "is_alive": True, "is_moved_out": False, "locality_source": "g_person_check", "locality_confidence": 4,
    },
    "legal_entity_list": {
        "entity_name": "示范便利店", "premises_address": "望海街道1号首层", "status_code": "1", "entity_type_code": "9600",
        "industry_code": "F5212", "legal_rep_name": "张三丰", "registered_capital_yuan": Decimal("50000.00"),
        "establish_date": date(2020, 3, 1), "domicile": "望海街道1号", "is_active": True, "locality_confidence": 2,
    },
    "grid_event": {
        "is_closed": False, "status": "处置中", "urgency_name": "黄", "event_class": "市容环境", "event_subclass": "暴露垃圾",
        "source": "巡查", "report_at": datetime(2026, 6, 1, 1, 30), "handler_name": "望海街道办事处", "reopened_times": 0,  # noqa: DTZ001 as Spark keeps it, in UTC
    },
    "safety_net": {
        "month": "2026-06", "person_name": "欧阳小满", "needs_help": True, "id_no": "44990219551224002X", "gender_code": "2",
        "birth_date": date(1955, 12, 24), "phone": "13800001234", "hukou_address": "示范市望海街道2号", "household_no": "100000002",
        "assistance_types": "最低生活保障", "monthly_amount_yuan": Decimal("960.50"), "case_nos": "DB000001", "disability_category": "1",
        "disability_grade": "2", "has_certificate": True, "is_paid_after_death": False, "is_in_two_households": False,
        "is_owning_enterprise": False, "is_moved_out": False, "is_listed_without_certificate": False, "is_eligible_not_listed": False,
        "flag_count": 0,
    },
    "region_summary": {
        "summary_level": "street", "region_code": "449901001", "region_name": "望海街道", "measure": "residents", "value": 25,
        "is_suppressed": False,
    },
}  # fmt: skip


def row(return_id: str, key: str, place: str | None = GRIDS[0], **values: Any) -> Row:
    """Return a row of a return's table placed in a region (without one, nowhere), with default values elsewhere."""
    declared = RETURNS[return_id]
    chain = load_regions(PROJECT / "cities" / "tiny").ancestors(place, date(2026, 6, 1)) if place else {}
    codes = {f"{level}_code": chain.get(level) for level in LEVELS}
    found = {name: DEFAULTS[return_id].get(name) for name, _ in shape(declared).columns} | codes | values
    if "residence_grid_code" in found:
        found["residence_grid_code"] = codes["grid_code"]
    return found | {declared.key: key}


def shape(declared: Return) -> TableShape:
    """Return the columns of a return's table that the return reads."""
    columns = {declared.key: "string", **dict.fromkeys(declared.filter, "boolean")}
    columns |= {column.name: TYPES.get(column.type, "string") for column in declared.columns}
    columns |= {f"{level}_code": "string" for level in LEVELS}
    return TableShape(declared.source, tuple(columns.items()))


def put(instance: Instance, town: Town) -> None:
    """Write the tables of all returns; a return without rows in the town gets an empty table."""
    spark = open_session(instance)
    for return_id, declared in RETURNS.items():
        wanted = shape(declared)
        storage.ensure_table(spark, instance, wanted)
        names = [name for name, _ in wanted.columns]
        tuples = [tuple(one[name] for name in names) for one in town.get(return_id, [])]
        rows = spark.createDataFrame(tuples, ", ".join(f"{name} {kind}" for name, kind in wanted.columns))
        storage.write_differences(spark, storage.Target(wanted.name, (declared.key,), "true"), rows)


def published(instance: Instance, day: date, issue: int = 1) -> Iterator[tuple[dict[str, Any], Path]]:
    """Return (manifest, the recipient's folder) of every package of a day."""
    for path in sorted((instance.home / "store" / "exchange").glob(f"*/*/{day}/{issue}/manifest.json")):
        yield json.loads(path.read_text("utf-8")), path.parent.parent.parent


def audience(manifest: dict[str, Any]) -> str:
    """Return the audience of a package: the level of a region, or `civil_affairs`."""
    whom = manifest["recipient"]
    return "civil_affairs" if "department_uscc" in whom else str(whom["level"])


def form_rows(folder: Path, returned: dict[str, Any], name: str) -> list[tuple[str | None, ...]]:
    """Return the rows of a form as texts."""
    form = next(form for form in returned["forms"] if form["form"] == name)
    if form["path"] is None:
        return []
    return delivered.rows(folder / form["path"], form["sheet"], len(returned["columns"]))
