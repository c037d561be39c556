"""A history built again from bronze day by day equals the one that stood in every column; what was damaged is found and mended."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from huiliu.main import app
from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import silver
from lakehouse.ops import batches, connect
from lakehouse.ops.tables import batch as batch_table
from spark_jobs.ingest.rebuild import RebuiltHistory, as_of, rebuild
from spark_jobs.lake import storage
from tests.spark_jobs.histories import FIRST_DAY, contract, draw, landed
from tests.spark_jobs.lake import Lake

CHECKED = "g_person_check"
runner = CliRunner()
DAYS = [FIRST_DAY.replace(day=number) for number in (1, 2, 3, 4)]


def lived(instance: Instance) -> tuple[Lake, dict[str, date]]:
    """Return a lake whose batches came into silver on the days that took them in, and these days; one batch is late, one held."""
    drawn = draw(60, seed=5)
    lake = Lake(instance, contract("increment"), drawn)
    written_on = {}
    for day in sorted({batch["taken_on"] for batch in drawn}):
        if names := [batch["batch_id"] for batch in drawn if batch["taken_on"] == day and not batch["held"]]:
            lake.step(names, day)
            written_on |= dict.fromkeys(names, day)
    return lake, written_on


@pytest.mark.spark
def test_a_rebuilt_history_is_equal_and_a_damaged_one_is_mended(instance: Instance) -> None:
    lake, written_on = lived(instance)
    code, table = lake.contract.code, silver(lake.contract.code)
    known = [landed(one, code, "blocked" if one["held"] else "passed", written_on.get(one["batch_id"])) for one in lake.batches]
    stood = sorted(map(str, lake.silver()))
    before = storage.versions(instance)
    assert len(set(written_on.values())) > 2

    equal = RebuiltHistory(code, len(stood), lacking=0, surplus=0)
    assert rebuild(instance, lake.contract, known, written_on, check=False) == equal
    assert storage.versions(instance) == before

    lake.spark.sql(f"DELETE FROM {table} WHERE _replaced_on IS NOT NULL")
    lake.spark.sql(f"UPDATE {table} SET value = concat(value, '!') WHERE id = 'k7'")
    damaged = storage.versions(instance)
    found = rebuild(instance, lake.contract, known, written_on, check=True)
    assert (found.lacking > found.surplus > 0, found.written) == (True, 0)
    assert storage.versions(instance) == damaged
    assert rebuild(instance, lake.contract, known, written_on, check=False).written == found.lacking
    assert sorted(map(str, lake.silver())) == stood


@pytest.mark.spark
def test_the_command_compares_what_the_days_wrote_and_waits_for_their_steps(instance: Instance) -> None:
    deliver(instance, DAYS[0], "在住")
    deliver(instance, DAYS[1], "搬离")
    told = runner.invoke(app, ["rebuild", "silver", "--resource", CHECKED, "--check"])
    assert (told.exit_code, " ".join(told.stdout.split())) == (0, f"{CHECKED} 3 versions, equal")
    with connect(instance) as connection:
        connection.execute(update(batch_table).values(silver_on=None))
    refused = runner.invoke(app, ["rebuild", "silver", "--resource", CHECKED])
    assert "wait for bronze, gate or silver" in str(refused.exception)
    assert "there is no resource" in str(runner.invoke(app, ["rebuild", "silver", "--resource", "g_person"]).exception)


def deliver(instance: Instance, day: date, result: str) -> None:
    """Bring one checked person into silver, with the gate's result by hand; the second delivery says another thing of the first's."""
    row = {"check_id": "c1", "grid_code": "449901001001001", "check_time": f"{day} 09:00:00", "checker_id": "w1", "result": result}
    others = [row | {"check_id": f"c-{day}"}] if day == DAYS[0] else []
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in [row, *others])
    (instance.folder("inbox", CHECKED) / f"{day}_1.jsonl").write_text(lines, "utf-8")
    run_job("extract", JobRequest(day, CHECKED), instance)
    with connect(instance) as connection:
        batches.let_through(connection, [one.batch_id for one in batches.open_for(connection, CHECKED, "gate")], "passed")
    run_job("silver", JobRequest(day, CHECKED), instance)


@pytest.mark.fast
def test_only_silver_is_checked_or_rebuilt_by_resource() -> None:
    assert "are for silver" in str(runner.invoke(app, ["rebuild", "--check"]).exception)


@pytest.mark.fast
def test_a_day_knows_nothing_of_later_batches_and_of_its_own_only_the_gate() -> None:
    drawn = draw(1, seed=1)[:4]
    known = [landed(one, "t_thing", "passed", None) for one in drawn]
    held = replace(known[3], gate="blocked")
    written_on = dict(zip([one.batch_id for one in known[:3]], DAYS, strict=False))
    found = as_of([*known[:3], held], written_on, DAYS[1])
    assert [(one.gate, one.silver_on) for one in found] == [("passed", DAYS[0]), ("passed", None), (None, None), (None, None)]
