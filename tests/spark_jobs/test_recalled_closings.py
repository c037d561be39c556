"""What a step knows of the closings of snapshots: the documents beside the landed bytes, and above them what a person decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lakehouse.ingest import closings as documents
from lakehouse.ingest.closings import Decision
from lakehouse.objects import Area
from lakehouse.ops.batches import Batch
from lakehouse.ops.rulings import Ruling, Verdict
from spark_jobs.ingest import closings
from spark_jobs.ingest.absence import Disappearances
from spark_jobs.ingest.closings import Recalled
from spark_jobs.ingest.silver import Selection
from tests.lakehouse.ingest.readers.contract import contract
from tests.lakehouse.ingest.test_delivery_tickets import batch

pytestmark = pytest.mark.fast
FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
SNAPSHOTS, CHANGES = contract("csv", "a", delivery="snapshot"), contract("csv", "a")
FULL = batch(1, "passed", silver_on=FIRST, closings_held=False)
CUT = batch(2, "passed", SECOND, silver_on=SECOND, closings_held=True)
COUNTED = Decision(held=True, open=60, closing=40)


def ruled(verdict: Verdict, effective_on: date | None = None) -> dict[str, Ruling]:
    made = datetime(2026, 6, 2, tzinfo=UTC)
    return {"b2": Ruling("b2", "t_thing", "closings", verdict, "passed", "liu", "checked", made, SECOND, effective_on)}


@pytest.fixture
def area(tmp_path: Path) -> Area:
    """Return a landing in which the closings of both snapshots are decided on."""
    area = Area(tmp_path.as_uri())
    documents.keep(area, FULL, Decision())
    documents.keep(area, CUT, COUNTED)
    return area


def recall(area: Area, known: list[Batch], ruling: dict[str, Ruling], on: date = SECOND) -> Recalled:
    return closings.recall(area, SNAPSHOTS, known, ruling, on)


def test_a_snapshot_whose_closings_are_released_waits_once_more_for_these_alone(area: Area) -> None:
    found = recall(area, [FULL, CUT], ruled("release"))
    assert found.batches == [FULL, replace(CUT, closings_held=False, silver_on=None)]
    assert (found.again, found.decisions) == (frozenset({"b2"}), {"b2": replace(COUNTED, held=False)})
    assert [one.batch_id for one in Selection.of(found.batches, SECOND).waiting] == ["b2"]
    done = replace(CUT, closings_held=False)
    assert recall(area, [FULL, done], ruled("release", SECOND)) == Recalled([FULL, done], {}, ruled("release", SECOND), frozenset())


@pytest.mark.parametrize(
    ("ruling", "on"), [(ruled("refuse"), THIRD), (ruled("release"), FIRST), (ruled("release", THIRD), SECOND), ({}, THIRD)]
)
def test_nothing_waits_where_closings_stay_held(area: Area, ruling: dict[str, Ruling], on: date) -> None:
    assert recall(area, [FULL, CUT], ruling, on).batches == [FULL, CUT]


@pytest.mark.parametrize(
    ("ruling", "on", "is_held"),
    [
        ({}, SECOND, True),
        (ruled("release", THIRD), SECOND, True),
        (ruled("release", THIRD), THIRD, False),
        (ruled("refuse", SECOND), THIRD, True),
    ],
)
def test_after_the_records_are_lost_a_replay_holds_or_closes_as_it_was_on_that_day(
    area: Area, ruling: dict[str, Ruling], on: date, is_held: bool
) -> None:
    lost = replace(CUT, silver_on=None, closings_held=None)
    found = recall(area, [FULL, lost], ruling, on)
    assert found.batches == [FULL, replace(lost, closings_held=is_held)]
    assert (found.decisions["b2"].held, found.again) == (is_held, frozenset())


def test_only_snapshots_that_are_through_the_gate_are_asked_for(area: Area) -> None:
    outside = replace(CUT, gate="blocked", silver_on=None, closings_held=None)
    assert recall(area, [FULL, outside], ruled("release")).batches == [FULL, outside]
    assert closings.recall(area, CHANGES, [FULL, CUT], {}, SECOND).batches == [FULL, CUT]


def test_what_a_person_decided_is_not_decided_on_again_by_a_late_delivery() -> None:
    late = batch(1, "passed")
    other = batch(3, "passed", THIRD, silver_on=THIRD, closings_held=False)
    all_ = Disappearances(None, SNAPSHOTS, None, (late, CUT, other), (late,))  # type: ignore[arg-type]
    assert [one.batch_id for one in closings.undecided(all_)] == ["b1", "b2", "b3"]
    assert [one.batch_id for one in closings.undecided(all_, ruled("refuse"))] == ["b1", "b3"]
