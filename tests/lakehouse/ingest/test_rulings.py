"""What may be decided about a batch in which state, what each decision makes of its gate, and the documents that keep decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError
from lakehouse.ingest import rulings
from lakehouse.objects import Area
from lakehouse.ops.batches import Batch
from lakehouse.ops.rulings import About, Ruling, Verdict
from tests.lakehouse.ingest.readers.contract import contract
from tests.lakehouse.ingest.test_delivery_tickets import batch

pytestmark = pytest.mark.fast
FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
REFUSED, BLOCKED, WAITING = batch(1, "refused"), batch(1, "blocked"), replace(batch(1, "passed"), gate=None)
SHRUNK = batch(1, "passed", closings_held=True)
VERDICTS: tuple[Verdict, ...] = ("retry", "release", "refuse")
CHANGES, SNAPSHOTS = contract("csv", "a"), contract("csv", "a", delivery="snapshot")


def ruling(verdict: Verdict, about: About = "delivery", **changes: Any) -> Ruling:
    made = datetime(2026, 6, 2, 9, 30, tzinfo=UTC)
    return replace(Ruling("b1", "t_thing", about, verdict, "blocked", "liu", "复核 / checked", made, SECOND), **changes)


@pytest.mark.parametrize(
    ("one", "allowed"),
    [
        (REFUSED, {"retry": "delivery", "refuse": "delivery"}),
        (BLOCKED, {"retry": "delivery", "release": "delivery", "refuse": "delivery"}),
        (SHRUNK, {"release": "closings", "refuse": "closings"}),
        (batch(1, "released", closings_held=True), {"release": "closings", "refuse": "closings"}),
        (batch(1, "passed", closings_held=False), {}),
        (batch(1, "warned"), {}),
        (batch(1, "released"), {}),
        (WAITING, {}),
    ],
)
def test_only_what_is_held_can_be_decided_about_and_the_message_says_how(one: Batch, allowed: dict[str, str]) -> None:
    for verdict in VERDICTS:
        if verdict in allowed:
            assert rulings.subject_of(verdict, one, {}, None) == allowed[verdict]
            continue
        with pytest.raises(ConfigError) as told:
            rulings.subject_of(verdict, one, {}, None)
        assert f"it is {rulings.standing(one, {}, None)}, so '{verdict}' makes no sense" in str(told.value)
        assert f"Allowed: {', '.join(allowed) or 'nothing'}" in str(told.value)


def test_a_decision_stands() -> None:
    for one, verdict in product((REFUSED, BLOCKED), VERDICTS):
        with pytest.raises(ConfigError, match=r"liu has decided 'retry'.*\n.*decide about the batch that takes it up again: b2"):
            rulings.subject_of(verdict, one, {"delivery": ruling("retry")}, "b2")
    assert rulings.subject_of("release", SHRUNK, {"delivery": ruling("release")}, None) == "closings"
    with pytest.raises(ConfigError, match="a decision stands"):
        rulings.subject_of("refuse", SHRUNK, {"closings": ruling("release", "closings")}, None)


@pytest.mark.parametrize(
    ("one", "ruled", "successor", "told"),
    [
        (WAITING, {}, None, "waiting"),
        (REFUSED, {}, None, "refused"),
        (REFUSED, {"delivery": ruling("retry")}, None, "to be retried"),
        (REFUSED, {"delivery": ruling("retry")}, "b2", "retried"),
        (BLOCKED, {"delivery": ruling("release")}, None, "to be released"),
        (BLOCKED, {"delivery": ruling("refuse")}, None, "refused for good"),
        (batch(1, "released"), {"delivery": ruling("release")}, None, "released"),
        (SHRUNK, {"delivery": ruling("release")}, None, "closings held"),
        (SHRUNK, {"closings": ruling("release", "closings")}, None, "closings to be released"),
        (SHRUNK, {"closings": ruling("refuse", "closings")}, None, "closings refused for good"),
        (batch(1, "warned", closings_held=False), {}, None, "warned"),
    ],
)
def test_where_a_batch_stands_is_told_in_words(one: Batch, ruled: dict[About, Ruling], successor: str | None, told: str) -> None:
    assert rulings.standing(one, ruled, successor) == told


@pytest.mark.parametrize(
    ("of", "one", "wanted", "later", "is_refused"),
    [
        (CHANGES, REFUSED, ("delivery", "retry"), batch(2, "passed"), True),  # the file of that name came again
        (CHANGES, REFUSED, ("delivery", "retry"), batch(2, "blocked"), False),
        (CHANGES, REFUSED, ("delivery", "retry"), batch(2, "passed", name="other.csv"), False),
        (SNAPSHOTS, BLOCKED, ("delivery", "retry"), batch(2, "released", SECOND, "other.csv"), True),
        (SNAPSHOTS, BLOCKED, ("delivery", "release"), batch(2, "passed", SECOND, "other.csv"), False),  # it keeps its own place
        (SNAPSHOTS, BLOCKED, ("delivery", "refuse"), batch(2, "passed", SECOND, "other.csv"), False),
        (SNAPSHOTS, SHRUNK, ("closings", "release"), batch(2, "passed", SECOND), True),
        (SNAPSHOTS, SHRUNK, ("closings", "release"), batch(2, "passed", provider="q"), False),
        (SNAPSHOTS, SHRUNK, ("closings", "refuse"), batch(2, "passed", SECOND), False),
    ],
)
def test_what_a_later_delivery_has_answered_is_not_taken_up(
    of: Contract, one: Batch, wanted: tuple[About, Verdict], later: Batch, is_refused: bool
) -> None:
    if not is_refused:
        rulings.check_still_wanted(of, one, wanted, [one, later])
        return
    with pytest.raises(ConfigError, match="batch b2"):
        rulings.check_still_wanted(of, one, wanted, [one, later])


def test_a_release_opens_the_gate_from_its_day_on_and_nothing_else_does() -> None:
    assert [rulings.gate_by(ruling("release"), day) for day in (FIRST, SECOND, THIRD)] == ["blocked", "released", "released"]
    late = ruling("release", effective_on=THIRD)
    assert [rulings.gate_by(late, day) for day in (SECOND, THIRD)] == ["blocked", "released"]
    assert {rulings.gate_by(ruling(verdict), day) for verdict in ("retry", "refuse") for day in (FIRST, THIRD)} == {"blocked"}


def test_the_first_document_stands_beside_the_landed_bytes_and_comes_back_whole(tmp_path: Path) -> None:
    area = Area(tmp_path.as_uri())
    assert rulings.recall(area, BLOCKED) == []
    first, second = ruling("release"), ruling("refuse", actor="chen", effective_on=SECOND)
    assert rulings.keep(area, BLOCKED, first) == first
    assert rulings.keep(area, BLOCKED, second) == first
    other = ruling("refuse", "closings", effective_on=THIRD)
    assert rulings.keep(area, BLOCKED, other) == other
    assert rulings.recall(area, BLOCKED) == [first, other]
    assert {path.name for path in tmp_path.rglob("*.json")} == {"ruling.json", "ruling_closings.json"}
