"""A history built again from bronze day by day equals the one that stood in every column; what was damaged is found and mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from lakehouse.config import Instance
from lakehouse.naming import REBUILT, silver
from lakehouse.ops.rulings import Ruling
from spark_jobs.ingest.rebuild import Recorded, rebuild
from spark_jobs.lake import storage
from tests.spark_jobs.histories import FIRST_DAY, contract, draw, landed
from tests.spark_jobs.lake import Lake

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
def test_a_damaged_history_is_mended_to_what_stood_in_every_column(instance: Instance) -> None:
    lake, written_on = lived(instance)
    code, table = lake.contract.code, silver(lake.contract.code)
    known = [landed(one, code, "blocked" if one["held"] else "passed", written_on.get(one["batch_id"])) for one in lake.batches]
    recorded = Recorded(known, written_on, {})
    stood = sorted(map(str, lake.silver()))
    assert len(recorded.steps) > 2
    lake.spark.sql(f"INSERT INTO {table} SELECT * FROM {table} WHERE id = 'k3'")
    lake.spark.sql(f"DELETE FROM {table} WHERE _replaced_on IS NOT NULL")
    lake.spark.sql(f"UPDATE {table} SET value = concat(value, '!') WHERE id = 'k7'")
    found = rebuild(instance, lake.contract, recorded, check=False)
    assert (found.rows, found.lacking > found.surplus > 0, found.is_mended) == (len(stood), True, True)
    assert sorted(map(str, lake.silver())) == stood
    assert [table for table in storage.tables(instance) if table.startswith(REBUILT)] == []


@pytest.mark.fast
def test_a_day_knows_nothing_of_later_batches_and_of_its_own_only_the_gate() -> None:
    recorded = of_days([1, 1, 2, 3], held=4)
    found = recorded.known_on(DAYS[1], {"b1": True})
    told = [(one.gate, one.silver_on, one.closings_held) for one in found]
    assert told == [("passed", DAYS[0], True), ("passed", DAYS[0], None), ("passed", None, None), (None, None, None)]


@pytest.mark.fast
def test_a_release_counts_from_the_day_that_carried_it_out_and_until_then_closings_are_held() -> None:
    carried, waiting = (ruling(name, on) for name, on in (("b1", DAYS[3]), ("b2", None)))
    recorded = of_days([1, 1, 2], ruled={"b1": carried, "b2": waiting, "b3": replace(waiting, batch_id="b3", verdict="refuse")})
    assert recorded.steps == [(DAYS[0], False), (DAYS[1], False), (DAYS[3], True)]
    assert recorded.ruled_on(DAYS[1]) == {}
    assert set(recorded.ruled_on(DAYS[3])) == {"b3"}
    assert set(recorded.ruled_on(DAYS[3], again=True)) == {"b1", "b3"}


@pytest.mark.fast
def test_snapshots_are_decided_on_again_only_where_an_earlier_delivery_came_after_them() -> None:
    assert of_days([1, 2, 3]).turned == set()
    assert of_days([1, 4, 2, 3]).turned == {"b3", "b4"}
    assert of_days([1, 4, 2, 3], ruled={"b3": ruling("b3", None)}).turned == {"b4"}


def of_days(days: list[int], held: int = 0, ruled: dict[str, Ruling] | None = None) -> Recorded:
    """Return batches b1, b2, … in order of delivery, each written by a day of June; one may be held."""
    drawn = draw(1, seed=1)[: len(days)]
    known = [landed(one, "t_thing", "blocked" if one["delivery_no"] == held else "passed", None) for one in drawn]
    return Recorded(known, {one.batch_id: DAYS[day - 1] for one, day in zip(known, days, strict=True) if one.is_known}, ruled or {})


def ruling(batch_id: str, effective_on: date | None) -> Ruling:
    made = datetime(2026, 6, 3, tzinfo=UTC)
    return Ruling(batch_id, "t_thing", "closings", "release", "passed", "liu", "checked", made, DAYS[2], effective_on)
