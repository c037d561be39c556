"""A snapshot closes the keys it lacks, but none it may name: hundreds of random histories against the oracle, in any order."""

from __future__ import annotations

import random

import pytest

from lakehouse.config import Instance
from lakehouse.naming import silver
from spark_jobs.lake import storage
from tests.oracle import snapshot as oracle
from tests.spark_jobs.lake import Lake, known_in, told
from tests.spark_jobs.snapshots import LIMITS, PATTERN, SHORT, contract, draw

pytestmark = pytest.mark.spark
KEYS = 400
READING = oracle.Reading(PATTERN.strip("^$"), **LIMITS)


def expected(batches: list[dict], day) -> dict[str, list[tuple]]:
    return told(oracle.versions([batch for batch in batches if batch["taken_on"] <= day], READING))


def decided(batches: list[dict]) -> dict[str, bool]:
    """Return of every snapshot that could close keys whether its closings are held."""
    held = oracle.held(batches, READING)
    return {batch["batch_id"]: batch["batch_id"] in held for batch in batches if batch["rows"] and not batch["held"]}


def test_a_snapshot_closes_what_it_lacks_on_every_day(instance: Instance) -> None:
    batches = draw(KEYS, seed=20260601)
    lake = Lake(instance, contract(), batches)
    days = sorted({batch["taken_on"] for batch in batches})
    for day in days:
        if names := [batch["batch_id"] for batch in batches if batch["taken_on"] == day and not batch["held"]]:
            lake.step(names, day)
    rows = lake.silver()
    for day in days:
        assert told(known_in(rows, day)) == expected(batches, day)
    ends = [row for row in rows if row["_deleted"]]
    assert len({row["id"] for row in ends}) > KEYS / 4
    assert all(row["value"] is None and row["_source_line"] is None for row in ends)
    assert lake.closings == decided(batches)
    assert {name for name, held in lake.closings.items() if held} >= {f"b{number}" for number in SHORT}
    _a_replay_writes_nothing(instance, lake, days[-1])


def test_what_is_closed_does_not_depend_on_the_order_of_processing(instance: Instance) -> None:
    batches = draw(KEYS, seed=7)
    lake = Lake(instance, contract(), batches)
    names = [batch["batch_id"] for batch in batches if not batch["held"]]
    random.Random(7).shuffle(names)
    day = max(batch["taken_on"] for batch in batches)
    for step in (names[:1], names[1:3], names[3:4], names[4:]):
        lake.step(step, day)
    rows = lake.silver()
    assert lake.closings == decided(batches)
    assert told(known_in(rows, day)) == expected(batches, day)
    assert len({row["_version_id"] for row in rows}) == len(rows)


def _a_replay_writes_nothing(instance: Instance, lake: Lake, day) -> None:
    version = storage.versions(instance, [silver(lake.contract.code)])
    last = [batch["batch_id"] for batch in lake.batches if batch["taken_on"] == day]
    for name in last:
        del lake.done[name]
    assert lake.step(last, day).total == 0
    assert storage.versions(instance, [silver(lake.contract.code)]) == version
