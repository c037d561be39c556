"""The job that writes the reference tables (`ref.*`) and the recipients from contracts and city; nothing where nothing differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from pyspark.sql import SparkSession

from lakehouse.calendar import WorkCalendar
from lakehouse.codes import load_code_tables
from lakehouse.config import Instance
from lakehouse.departments import load_departments
from lakehouse.jobs import JobRequest
from lakehouse.naming import recipient_id
from lakehouse.ops import connect, recipients
from lakehouse.policies import Treatment, load_policies
from lakehouse.regions import RECIPIENT_LEVELS, Region, RegionTree, load_regions
from spark_jobs import storage
from spark_jobs.session import open_session
from spark_jobs.tables import REFERENCE, ReferenceTable

Rows = list[tuple[Any, ...]]


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns the rows and the changes of each reference table, and the number of recipients."""
    tree = load_regions(instance.city_folder)
    spark = open_session(instance)
    written = {name: _write(spark, instance, REFERENCE[name], rows) for name, rows in _content(instance, tree, request.business_date)}
    known = list(_recipients(tree))
    with connect(instance) as connection:
        recipients.put(connection, known)
    return {"tables": written, "recipients": len(known)}


def _content(instance: Instance, tree: RegionTree, until: date) -> Iterator[tuple[str, Rows]]:
    regions = tree.versions
    yield (
        "region",
        [(r.code, r.name, r.level, r.parent_code, r.managed_by_code, r.valid_from, r.valid_to, r.successor_code) for r in regions],
    )
    grids = [region for region in regions if region.level == "grid"]
    yield "grid", [(r.code, r.name, r.parent_code, r.managed_by_code, r.valid_from, r.valid_to, r.successor_code) for r in grids]
    offices = load_departments(instance.city_folder)
    yield "department", [(d.uscc, d.name, d.kind, d.level, d.region_code, d.valid_from, d.valid_to) for d in offices]
    contracts = instance.settings.contracts
    codes = [(table.name, code) for table in load_code_tables(contracts).values() for code in table.versions]
    yield "code", [(name, c.code, c.label_zh, c.label_en, c.valid_from, c.valid_to, c.successor_code) for name, c in codes]
    yield "calendar", list(_calendar(instance, until))
    policies = load_policies(contracts / "policies.yaml")
    treated = [(name, level, treatment) for name, levels in policies.classes.items() for level, treatment in levels.items()]
    yield "policy", [(name, level, one.transform, *_exemption(one)) for name, level, one in treated]


def _exemption(treatment: Treatment) -> tuple[str | None, str | None]:
    looser = treatment.exemption
    return (looser.transform, looser.when) if looser else (None, None)


def _calendar(instance: Instance, until: date) -> Iterator[tuple[date, bool]]:
    """Returns every day from the year before the first business date to the end of this year."""
    calendar = WorkCalendar(instance.city.extra_holidays)
    day = date(date.fromisoformat(instance.city.first_business_date).year - 1, 1, 1)
    while day.year <= until.year:
        yield day, calendar.is_workday(day)
        day += timedelta(days=1)


def _write(spark: SparkSession, instance: Instance, table: ReferenceTable, rows: Rows) -> dict[str, int]:
    if not spark.catalog.tableExists(table.shape.name):
        storage.ensure_table(spark, instance, table.shape)
    if {tuple(row) for row in storage.read(spark, table.shape.name).collect()} == set(rows):
        return {"rows": len(rows), "changes": 0}
    schema = ", ".join(f"`{name}` {type_}" for name, type_ in table.shape.columns)
    target = storage.Target(table.shape.name, table.key, delete_where="true")
    return {"rows": len(rows), "changes": storage.write_differences(spark, target, spark.createDataFrame(rows, schema)).total}


def _recipients(tree: RegionTree) -> Iterator[recipients.Recipient]:
    """Returns a recipient for every region that ever received packages, from its first day to its last."""
    lives: dict[str, list[Region]] = {}
    for region in tree.versions:
        if region.level in RECIPIENT_LEVELS:
            lives.setdefault(region.code, []).append(region)
    for code, versions in lives.items():
        last = max(versions, key=lambda version: version.valid_from)
        first = min(version.valid_from for version in versions)
        name = recipient_id(last.level, code)
        yield recipients.Recipient(name, last.level, last.name, code, None, first, last.valid_to)
