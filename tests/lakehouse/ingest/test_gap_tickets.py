"""What settles a gap: its delivery or one that holds it, its run or a later one, a contract that is sound; nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.ingest.gap_tickets import ends_silence, run_settled
from lakehouse.ops.batches import Gate
from lakehouse.ops.ingest_runs import Detail, IngestRun, State
from tests.lakehouse.ingest.readers.contract import contract
from tests.lakehouse.ingest.test_delivery_tickets import FETCHED, FIRST, SECOND, SNAPSHOTS, batch

pytestmark = pytest.mark.fast
MONTHLY = contract("csv", "a", cycle={"every": "month", "dueHours": 9})
DAILY = contract("csv", "a")
YEARLY = contract("csv", "a", cycle={"every": "year", "dueHours": 2160})
BEFORE = date(2026, 5, 31)


@pytest.mark.parametrize(
    ("of", "about", "gate", "reason"),
    [
        (DAILY, FIRST, "passed", "delivered"),
        (DAILY, FIRST, "blocked", "delivered"),
        (DAILY, SECOND, "passed", None),
        (DAILY, BEFORE, "passed", None),
        (MONTHLY, date(2026, 6, 30), "passed", "delivered"),
        (MONTHLY, date(2026, 7, 1), "passed", None),
        (SNAPSHOTS, SECOND, "passed", "superseded"),
        (SNAPSHOTS, SECOND, "blocked", None),
        (FETCHED, SECOND, "warned", "covered"),
        (FETCHED, SECOND, "refused", None),
    ],
)
def test_a_silence_ends_with_a_delivery_that_holds_what_was_missed(of: Contract, about: date, gate: Gate, reason: str | None) -> None:
    assert ends_silence(of, FIRST, batch(1, gate, about)) == reason


@pytest.mark.parametrize(
    ("about", "reason"),
    [(date(2027, 1, 1), "delivered"), (date(2027, 12, 31), "delivered"), (date(2026, 12, 31), None), (date(2028, 1, 1), None)],
)
def test_a_yearly_silence_ends_with_a_delivery_about_that_year(about: date, reason: str | None) -> None:
    assert ends_silence(YEARLY, date(2027, 1, 1), batch(1, "passed", about)) == reason


def run(day: date, state: State) -> IngestRun:
    return IngestRun("t_thing", day, state, None, 1, Detail(), datetime(2026, 6, 1, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("kind", "runs", "reason"),
    [
        ("failed", {FIRST: "done"}, "run_done"),
        ("failed", {FIRST: "failed"}, None),
        ("failed", {FIRST: "failed", SECOND: "done"}, "later_run_done"),
        ("failed", {FIRST: "failed", SECOND: "failed"}, None),
        ("failed", {FIRST: "failed", BEFORE: "done"}, None),
        ("not_run", {}, None),
        ("not_run", {FIRST: "running"}, "run_started"),
        ("not_run", {SECOND: "done"}, "later_run_done"),
    ],
)
def test_a_run_is_settled_by_itself_or_a_later_one(kind: str, runs: dict[date, State], reason: str | None) -> None:
    assert run_settled(kind, FIRST, {day: run(day, state) for day, state in runs.items()}) == reason
