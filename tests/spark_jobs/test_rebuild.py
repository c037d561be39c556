"""A history built again from bronze day by day equals the one that stood in every column; what was damaged is found and mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lakehouse.config import Instance
from lakehouse.naming import silver
from spark_jobs.ingest.rebuild import RebuiltHistory, as_of, rebuild
from spark_jobs.lake import storage
from tests.spark_jobs.histories import FIRST_DAY, contract, draw, landed
from tests.spark_jobs.lake import Lake

DAYS = [FIRST_DAY.replace(day=number) for number in (1, 2, 3, 4)]


def lived(instance: Instance) -> tuple[Lake, dict[str, date]]:
    """Return a lake whose batches came into silver on the days that took them in, and these days; one batch is late, one held."""
    batches = draw(60, seed=5)
    lake = Lake(instance, contract("increment"), batches)
    written_on = {}
    for day in sorted({batch["taken_on"] for batch in batches}):
        if names := [batch["batch_id"] for batch in batches if batch["taken_on"] == day and not batch["held"]]:
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


@pytest.mark.fast
def test_a_day_knows_nothing_of_later_batches_and_of_its_own_only_the_gate() -> None:
    resource, batches = "t_thing", draw(1, seed=1)[:4]
    known = [landed(one, resource, "passed", None) for one in batches]
    held = replace(known[3], gate="blocked")
    written_on = dict(zip([one.batch_id for one in known[:3]], DAYS, strict=False))
    found = as_of([*known[:3], held], written_on, DAYS[1])
    assert [(one.gate, one.silver_on) for one in found] == [("passed", DAYS[0]), ("passed", None), (None, None), (None, None)]
