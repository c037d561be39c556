"""The silver job on real servers: rows are accounted for, cases opened, and no version is written again after a lost record."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import select, update

from lakehouse.config import Instance
from lakehouse.errors import QualityError
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import batches, cases, connect, ingest_runs
from lakehouse.ops.batches import Counts
from lakehouse.ops.tables import batch as batch_table
from lakehouse.ops.tables import case as case_table
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session

pytestmark = pytest.mark.spark

RESOURCE, SILVER = "g_person_check", "silver.g_person_check"
DAY = date(2026, 6, 1)
CHECK = {"check_id": "c1", "grid_code": "449901001001001", "check_time": "2026-06-01 09:00:00", "checker_id": "w1", "result": "在住"}


def land_and_pass(instance: Instance, lines: list[str]) -> None:
    """Bring a file through landing and bronze, and record the gate's result by hand."""
    (instance.folder("inbox", RESOURCE) / f"{DAY}_1.jsonl").write_text("\n".join(lines), "utf-8")
    run_job("extract", JobRequest(DAY, RESOURCE), instance)
    with connect(instance) as connection:
        for batch in batches.open_for(connection, RESOURCE, "gate"):
            batches.record_gate(connection, batch.batch_id, "passed")


def test_rows_are_accounted_for_and_a_lost_record_writes_nothing_again(instance: Instance) -> None:
    rows = [
        CHECK,
        CHECK,
        CHECK | {"result": "搬离"},
        CHECK | {"check_id": "c2", "grid_code": "449901001001999"},
        CHECK | {"check_id": "c3"},
    ]
    land_and_pass(instance, [json.dumps(row, ensure_ascii=False) for row in rows] + ["{"])
    result = run_job("silver", JobRequest(DAY, RESOURCE), instance)
    assert (result.inserted, result.updated) == (2, 0)
    with connect(instance) as connection:
        batch = batches.of_resource(connection, RESOURCE)[0]
        opened = cases.find(connection, cases.Filter(resource=RESOURCE))
        subjects = connection.scalars(select(case_table.c.subject).order_by(case_table.c.source_line)).all()
        run = ingest_runs.get(connection, RESOURCE, DAY)
    assert (batch.counts, batch.silver_on) == (Counts(rejected=1, quarantined=1, duplicate=1, superseded=1, accepted=2), DAY)
    assert [(case.source_line, case.kind, case.rules[0].split(".")[0]) for case in opened] == [
        (4, "quarantined", "grid_code"),
        (6, "rejected", "reject"),
    ]
    assert [subject.split("|")[:2] for subject in subjects] == [[RESOURCE, batch.provider]] * 2
    assert len(subjects[0].split("|")[2]) == 64  # the key of the row
    assert subjects[1].split("|")[2:] == [batch.batch_id, "6"]
    assert run is not None
    assert run.detail.steps["silver"] == "done"
    found = {row.check_id: row for row in storage.read(open_session(instance), SILVER).collect()}
    assert {key: row.result for key, row in found.items()} == {"c1": "搬离", "c3": "在住"}
    assert found["c1"].valid_from.isoformat() == "2026-06-01T01:00:00"

    version = storage.versions(instance, [SILVER])
    with connect(instance) as connection:
        connection.execute(update(batch_table).values(silver_on=None, accepted=None))
    assert run_job("silver", JobRequest(DAY, RESOURCE), instance).inserted == 0
    assert storage.versions(instance, [SILVER]) == version
    with connect(instance) as connection:
        assert batches.of_resource(connection, RESOURCE)[0] == batch
    assert run_job("silver", JobRequest(DAY, RESOURCE), instance).batches == 0
    with connect(instance) as connection:
        assert cases.find(connection, cases.Filter(resource=RESOURCE)) == opened
        assert [event.event for case in opened for event in cases.history(connection, case.case_id)] == ["raised", "raised"]


def test_a_batch_that_is_not_whole_in_bronze_does_not_reach_silver(instance: Instance) -> None:
    land_and_pass(instance, [json.dumps(CHECK)])
    with connect(instance) as connection:
        connection.execute(update(batch_table).values(received=2))
    with pytest.raises(QualityError, match="1 rows are accounted for"):
        run_job("silver", JobRequest(DAY, RESOURCE), instance)
    assert storage.read(open_session(instance), SILVER).isEmpty()
    with connect(instance) as connection:
        assert batches.open_for(connection, RESOURCE, "silver")
