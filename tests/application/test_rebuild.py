"""From the landed bytes alone everything is built again: records, bronze and silver are equal in every column to what stood."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from huiliu.main import app
from lakehouse import ops
from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import bronze, silver
from lakehouse.ops import batches, connect
from lakehouse.ops.batches import Batch
from lakehouse.steps import INGEST
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from tests.cases.lake import DELIVERIES

EVENTS = "g_grid_event"
EVENT = DELIVERIES / "c31-jsonl-coordinates-of-a-phone" / "g_grid_event.jsonl"
FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)


@pytest.mark.spark
def test_what_is_gone_but_for_the_landed_bytes_is_built_again_as_it_was(instance: Instance) -> None:
    run_job("reference", JobRequest(FIRST), instance)
    deliver(instance, FIRST, e1="处置中", e2="处置中")
    deliver(instance, SECOND, e1="已结案")
    stood, recorded = rows(instance), known(instance)
    assert {row["_recorded_on"] for row in stood[silver(EVENTS)]} == {FIRST, SECOND}
    assert {row["_closed_on"] for row in stood[silver(EVENTS)]} == {None, SECOND}

    spark = open_session(instance)
    spark.sql(f"UPDATE {silver(EVENTS)} SET result = 'x' WHERE _closed_on IS NULL").collect()
    spark.sql(f"DELETE FROM {bronze(EVENTS)} WHERE _business_date = date'{FIRST}'").collect()
    damaged = storage.versions(instance)
    found = huiliu("rebuild", "all", "--check", "--json")
    told = {one["table"]: one for one in json.loads(found.stdout)["tables"]}
    assert (found.exit_code, told[bronze(EVENTS)]["lacking"], told[silver(EVENTS)]["surplus"]) == (1, 2, 3)
    assert storage.versions(instance) == damaged

    empty_postgresql(instance)
    missing = huiliu("rebuild", "all", "--check")
    assert (missing.exit_code, missing.stdout.split(";")[0]) == (1, "2 landed batches are not recorded")
    assert known(instance) == []
    assert huiliu("rebuild", "all").exit_code == 0
    assert rows(instance) == stood
    assert known(instance) == recorded


@pytest.mark.fast
@pytest.mark.parametrize("arguments", [("records", "--resource", EVENTS), ("libraries", "--resource", EVENTS), ("silver", "--every-day")])
def test_an_option_without_sense_is_refused(arguments: tuple[str, ...]) -> None:
    assert " is for " in str(huiliu("rebuild", *arguments).exception)


def huiliu(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def deliver(instance: Instance, day: date, **states: str) -> None:
    """Let the grid centre deliver the states of events (number → state) on a day, and take them in."""
    event = json.loads(EVENT.read_text("utf-8").splitlines()[0]) | {"report_time": f"{FIRST} 08:00:00", "update_time": f"{day} 08:10:00"}
    lines = (json.dumps(event | {"event_no": name, "status": state}, ensure_ascii=False) for name, state in states.items())
    (instance.folder("inbox", EVENTS) / f"{day}_1.jsonl").write_text("\n".join(lines), "utf-8")
    for step in INGEST:
        run_job(step, JobRequest(day, EVENTS), instance)


def rows(instance: Instance) -> dict[str, list[dict[str, Any]]]:
    spark = open_session(instance)
    return {
        name: sorted((row.asDict() for row in storage.read(spark, name).collect()), key=str) for name in (bronze(EVENTS), silver(EVENTS))
    }


def known(instance: Instance) -> list[Batch]:
    with connect(instance) as connection:
        return [replace(one, bronze_recorded_at=None) for one in batches.of_resource(connection, EVENTS)]


def empty_postgresql(instance: Instance) -> None:
    with connect(instance) as connection:
        connection.execute(text("drop schema huiliu cascade"))
    ops.migrate(instance)
