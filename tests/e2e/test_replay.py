"""Running a day again changes nothing, neither a table version nor a byte of a package, even from the backup of the day before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from application.day_run import run_by_hand
from application.restore import restore
from lakehouse.ops import audit, batches, cases, connect, days, packages, tickets
from lakehouse.ops.batches import Batch
from spark_jobs.lake.storage import versions
from tests.plugin.lived import DAYS, FIRST, THIRD, Lived

pytestmark = pytest.mark.e2e


def test_the_newest_day_again_from_the_backup_of_the_day_before_changes_nothing(lived: Lived) -> None:
    before, known = _state(lived), _known(lived)
    restored = restore(lived.instance, lived.backup, replace=True)
    assert restored.run_again == THIRD
    assert restored.rebuilt.batches > 0
    run_by_hand(lived.instance, THIRD, lambda _line: None)
    assert _state(lived) == before
    assert _known(lived) == known
    assert known.cases != []
    with connect(lived.instance) as connection:
        newest = days.newest_issue(connection, THIRD)
        assert audit.first_break(connection) is None
    assert newest is not None
    assert (newest.issue, newest.state) == (1, "published")


def test_an_older_day_again_is_only_checked(lived: Lived) -> None:
    before = _state(lived)
    run_by_hand(lived.instance, FIRST, lambda _line: None)
    assert _state(lived) == before


@dataclass(frozen=True)
class Known:
    """What is recorded of batches, days, cases and tickets, without the times at which it was and the numbers of tickets."""

    batches: list[Batch]
    days: list[tuple[Any, ...]]
    cases: list[cases.Case]
    tickets: list[tuple[Any, ...]]


def _state(lived: Lived) -> tuple[dict[str, int], dict[str, str]]:
    """Return the version of every table and the hash of every file that recipients can see, day entries included."""
    exchange = lived.instance.home / "store" / "exchange"
    files = [path for path in exchange.rglob("*") if path.is_file() and not path.relative_to(exchange).parts[0].startswith("_")]
    return versions(lived.instance), {str(path.relative_to(exchange)): _digest(path) for path in files}


def _known(lived: Lived) -> Known:
    with connect(lived.instance) as connection:
        taken = [one for day in DAYS for one in batches.taken_on(connection, day)]
        issues = [days.get(connection, day, 1) for day in DAYS]
        told = [(one.kind, one.subject, one.state, one.business_date, one.closed_on) for one in tickets.find(connection)]
        return Known(
            [replace(one, bronze_recorded_at=None) for one in taken],
            [(one.state, one.gaps, one.entry_sha256, packages.of_issue(connection, one.business_date, 1)) for one in issues if one],
            [replace(one, ticket_id=None) for one in cases.find(connection, cases.Filter())],
            sorted(told, key=str),
        )


def _digest(path: Path) -> str:
    return f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
