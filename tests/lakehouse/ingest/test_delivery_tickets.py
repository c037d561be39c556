"""What settles a stopped delivery: its own file again, a later snapshot, a later window of its source; never just another good file."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.ingest.closings import Decision
from lakehouse.ingest.delivery_tickets import named_by, settled_by
from lakehouse.ops.batches import Batch, Gate
from tests.lakehouse.ingest.readers.contract import contract

pytestmark = pytest.mark.fast
FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
CHANGES, SNAPSHOTS = contract("csv", "a"), contract("csv", "a", delivery="snapshot")
FETCHED = contract("postgres", "a", "changed_at")


def batch(number: int, gate: Gate, about: date = FIRST, name: str = "t_thing/2026-06-01_1.csv", **changes: Any) -> Batch:
    facts = {"batch_id": f"b{number}", "resource": "t_thing", "provider": "p", "business_date": about, "content_sha256": f"sha {number}"}
    return Batch(
        **{**facts, "delivery_no": number, "taken_on": about, "source_object": name, "bytes": 1, "received": 1, "gate": gate, **changes}
    )


@pytest.mark.parametrize("gate", ["blocked", "refused"])
@pytest.mark.parametrize(
    ("of", "later", "reason"),
    [
        (CHANGES, batch(2, "passed", name="t_thing/2026-06-01_2.csv"), None),
        (CHANGES, batch(2, "passed"), "redelivered"),
        (CHANGES, batch(2, "passed", name="2026-06-01_1.csv"), "redelivered"),
        (CHANGES, batch(2, "passed", SECOND), None),
        (CHANGES, batch(2, "passed", provider="q"), None),
        (SNAPSHOTS, batch(2, "warned", name="other.csv"), "superseded"),
        (SNAPSHOTS, batch(2, "passed", SECOND, "other.csv"), "superseded"),
        (SNAPSHOTS, batch(2, "passed", date(2026, 5, 31), "other.csv"), None),
        (FETCHED, batch(2, "passed", name="source/things.csv"), "covered"),
    ],
)
def test_a_good_delivery_settles_only_what_it_replaces(gate: Gate, of: Contract, later: Batch, reason: str | None) -> None:
    assert settled_by(of, batch(1, gate), later) == reason


def test_the_batch_itself_let_in_settles_it_whatever_its_form() -> None:
    assert settled_by(CHANGES, batch(1, "blocked"), batch(1, "passed")) == "let_in"


def test_an_earlier_delivery_settles_nothing() -> None:
    assert settled_by(SNAPSHOTS, batch(2, "blocked"), batch(1, "passed")) is None


def test_the_window_after_a_refused_answer_holds_it_and_the_one_after_a_blocked_answer_does_not() -> None:
    later = batch(2, "passed", SECOND)
    assert settled_by(FETCHED, batch(1, "refused"), later) == "covered"
    assert settled_by(FETCHED, batch(1, "blocked"), later) is None


HELD, SURE, DOUBTFUL = Decision(True, 60, 40), Decision(), Decision(open=60, doubtful=2)


@pytest.mark.parametrize(
    ("later", "decision", "reason"),
    [
        (batch(2, "passed", SECOND), SURE, "named_again"),
        (batch(2, "passed"), SURE, "named_again"),
        (batch(2, "passed", SECOND), Decision(open=60, closing=3), "named_again"),
        (batch(2, "passed", SECOND), HELD, "superseded"),
        (batch(2, "passed", SECOND), DOUBTFUL, None),
        (batch(2, "passed", SECOND, provider="q"), SURE, None),
        (batch(2, "passed", date(2026, 5, 31)), SURE, None),
        (batch(0, "passed", SECOND), SURE, None),
        (batch(1, "passed"), HELD, None),
        (batch(1, "passed"), SURE, "carried_out"),
    ],
)
def test_a_shrunk_snapshot_is_settled_by_a_later_one_that_names_its_keys(later: Batch, decision: Decision, reason: str | None) -> None:
    assert named_by(batch(1, "passed"), later, decision) == reason
