"""History is a pure function of the accepted rows: 2,400 random histories against the oracle, in landed and in random order."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from lakehouse.config import Instance
from lakehouse.naming import silver
from spark_jobs.lake import storage
from tests.oracle import history as oracle
from tests.spark_jobs.histories import FIRST_DAY, contract, draw
from tests.spark_jobs.lake import Lake, known_in, told

pytestmark = pytest.mark.spark
KEYS = 1200


def naive(batches: list[dict]) -> list[dict]:
    """Return the batches with positions as Spark hands them to Python (session time zone UTC, no zone attached)."""
    return [
        {**batch, "rows": [{**row, "position": row["position"] and row["position"].replace(tzinfo=None)} for row in batch["rows"]]}
        for batch in batches
    ]


@pytest.mark.parametrize("delivery", ["increment", "event"])
def test_history_in_landed_order_is_what_the_accepted_rows_say_on_every_day(instance: Instance, delivery: str) -> None:
    batches = naive(draw(KEYS, seed=20260601))
    lake = Lake(instance, contract(delivery), batches)
    days = sorted({batch["taken_on"] for batch in batches})
    for day in days:
        if names := [batch["batch_id"] for batch in batches if batch["taken_on"] == day and not batch["held"]]:
            lake.step(names, day)
    rows = lake.silver()
    for day in days:
        assert told(known_in(rows, day)) == told(oracle.known(batches, day, delivery == "event"))
    version = storage.versions(instance, [silver(lake.contract.code)])
    last = [batch["batch_id"] for batch in batches if batch["taken_on"] == days[-1]]
    for name in last:
        del lake.done[name]
    assert lake.step(last, days[-1]).total == 0
    assert storage.versions(instance, [silver(lake.contract.code)]) == version


@pytest.mark.parametrize("delivery", ["increment", "event"])
def test_history_does_not_depend_on_the_order_of_processing(instance: Instance, delivery: str) -> None:
    batches = naive(draw(KEYS, seed=7))
    lake = Lake(instance, contract(delivery), batches)
    names = [batch["batch_id"] for batch in batches if not batch["held"]]
    random.Random(7).shuffle(names)
    day = max(batch["taken_on"] for batch in batches)
    steps = [names[:1], names[1:2], names[2:4], names[4:]]
    for step in steps:
        lake.step(step, day)
    rows = lake.silver()
    assert told(known_in(rows, day)) == told(oracle.versions(batches, delivery == "event"))
    assert len({row["_version_id"] for row in rows}) == len(rows)
    assert day - FIRST_DAY == timedelta(days=3)
