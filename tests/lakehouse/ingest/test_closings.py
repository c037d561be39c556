"""When a snapshot lacks too much to be believed: the limits, and that only what was delivered before it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from lakehouse.contracts.terms import ClosingsHeldAt
from lakehouse.ingest import closings
from lakehouse.ingest.closings import Decision, Pattern, decide
from lakehouse.objects import Area
from lakehouse.ops.batches import Batch

pytestmark = pytest.mark.fast
FIRST = date(2026, 6, 1)
LIMITS = ClosingsHeldAt()


def snapshot(number: int, week: int, provider: str = "p", **changes: object) -> Batch:
    facts = ("t_thing", provider, FIRST + timedelta(weeks=week), "sha", number, FIRST + timedelta(weeks=week), "f.csv", 1, 60)
    return Batch(f"b{number}", *facts, **{"gate": "passed", **changes})  # type: ignore[arg-type]


def keys(number: int, presence: str, start: int = 1) -> Pattern:
    """Return so many keys alike: `+` a snapshot names them, `-` it lacks them, `?` an unreadable row may mean them, ` ` not its matter."""
    at = {mark: frozenset(f"b{place}" for place, said in enumerate(presence, start) if said in mark) for mark in ("+", "-?", "-")}
    return Pattern(at["+"], at["-?"], at["-"], number)


def held(snapshots: list[Batch], *patterns: Pattern, limits: ClosingsHeldAt = LIMITS) -> list[str]:
    found = decide(snapshots, patterns, {one.batch_id for one in snapshots}, limits)
    return sorted(batch_id for batch_id, decision in found.items() if decision.held)


@pytest.mark.parametrize(
    ("open_", "lacking", "is_held"),
    [
        (60, 40, True),  # two thirds
        (40, 20, False),  # half, and not more than twenty
        (42, 21, True),  # half, but more than twenty and than one in twenty
        (30, 16, True),  # more than half
        (1, 1, True),
        (420, 21, False),  # exactly one in twenty
        (419, 21, True),
        (10_000, 500, False),
        (10_000, 501, True),
        (0, 0, False),
    ],
)
def test_closings_are_held_beyond_one_in_twenty_and_twenty_keys_or_beyond_half(open_: int, lacking: int, is_held: bool) -> None:
    assert Decision.of(LIMITS, (open_, lacking, lacking)) == Decision(is_held, open_, lacking, 0)


def test_a_contract_may_say_otherwise() -> None:
    generous = ClosingsHeldAt(share=0.3, keys=100, most=0.9)
    assert [Decision.of(generous, (200, lacking, lacking)).held for lacking in (100, 101, 180)] == [False, True, True]
    assert [Decision.of(ClosingsHeldAt(share=1, keys=0, most=1), (9, 9, 9)).held] == [False]


def test_unreadable_is_not_lacking() -> None:
    two = [snapshot(1, 0), snapshot(2, 1)]
    found = decide(two, [keys(60, "++"), keys(5, "+-"), keys(30, "+?")], {"b2"}, LIMITS)
    assert found == {"b2": Decision(False, 95, 5, 30)}


def test_keys_that_were_kept_open_are_asked_for_again() -> None:
    three = [snapshot(number, number) for number in (1, 2, 3)]
    assert held(three, keys(20, "+++"), keys(40, "+--")) == ["b2", "b3"]
    assert held(three, keys(20, "+++"), keys(40, "+-+")) == ["b2"]
    assert held(three, keys(40, "+++"), keys(20, "+--")) == []  # closed by the second, so the third closes nothing


def test_small_steps_are_believed_and_one_large_step_is_not() -> None:
    patterns = [keys(900, "++++"), keys(40, "+---"), keys(40, "++--"), keys(40, "+++-")]
    assert held([snapshot(number, number) for number in (1, 2, 3, 4)], *patterns) == []
    assert held([snapshot(1, 1), snapshot(4, 4)], *patterns) == ["b4"]


def test_of_several_snapshots_of_a_date_only_the_last_one_closes() -> None:
    both = [snapshot(1, 0), snapshot(2, 1), snapshot(3, 1)]
    assert held(both, keys(40, "+++"), keys(20, "+-+")) == []
    assert held(both, keys(20, "+++"), keys(20, "++-"), keys(20, "+--")) == ["b3"]  # together with what the one before it closed


def test_keys_another_provider_has_named_since_are_not_missed() -> None:
    moving = [snapshot(1, 0), snapshot(2, 1, "q"), snapshot(3, 2)]
    assert held(moving, keys(20, "+ +"), keys(40, "++-")) == []
    assert held([snapshot(1, 0), snapshot(2, 2), snapshot(3, 1, "q")], keys(20, "++"), keys(40, "+-+")) == ["b2"]  # delivered later


def test_a_late_snapshot_is_judged_at_its_place_and_a_recorded_decision_stands() -> None:
    late = [snapshot(1, 0), snapshot(2, 2), snapshot(3, 1)]
    assert held(late, keys(20, "+++"), keys(40, "++-")) == ["b3"]
    known = [snapshot(1, 0, closings_held=False), snapshot(2, 1, closings_held=True), snapshot(3, 2)]
    assert decide(known, [keys(20, "+++"), keys(10, "+--")], {"b3"}, LIMITS) == {"b3": Decision(False, 30, 10, 0)}


def test_an_empty_snapshot_closes_nothing_before_another_one() -> None:
    three = [snapshot(1, 0), replace(snapshot(2, 1), received=0), snapshot(3, 2)]
    assert decide(three, [keys(60, "+-+")], {"b3"}, LIMITS) == {"b3": Decision(False, 60, 0, 0)}


def test_a_decision_stands_beside_the_landed_bytes_until_a_newer_one_replaces_it(tmp_path: Path) -> None:
    area, one = Area(tmp_path.as_uri()), snapshot(1, 0)
    assert closings.recall(area, one) is None
    for decision in (Decision(True, 60, 40), Decision(False, 60, 1, 2)):
        closings.keep(area, one, decision)
        assert closings.recall(area, one) == decision
    assert [path.name for path in tmp_path.rglob("*.json")] == ["closings.json"]
