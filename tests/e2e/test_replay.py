"""Running a day again changes nothing, neither a table version nor a byte of a package, even after rows of the database are lost."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from application.day_run import run_by_hand
from lakehouse.ops import cases, connect, days
from spark_jobs.lake.storage import versions
from tests.plugin.lived import FIRST, THIRD, Lived

pytestmark = pytest.mark.e2e
LEDGER = {
    "package": "business_date",
    "day_fact": "business_date",
    "day": "business_date",
    "ingest_run": "business_date",
    "step_timing": "business_date",
    "batch": "taken_on",
}


def test_the_newest_day_again_without_its_ledger_changes_nothing(lived: Lived) -> None:
    before, cases_before = _state(lived), _cases(lived)
    _forget(lived, THIRD)
    run_by_hand(lived.instance, THIRD, lambda _line: None)
    assert _state(lived) == before
    assert _cases(lived) == cases_before != []
    with connect(lived.instance) as connection:
        newest = days.newest_issue(connection, THIRD)
    assert newest is not None
    assert (newest.issue, newest.state) == (1, "published")


def test_an_older_day_again_is_only_checked(lived: Lived) -> None:
    before = _state(lived)
    run_by_hand(lived.instance, FIRST, lambda _line: None)
    assert _state(lived) == before


def _forget(lived: Lived, day: date) -> None:
    with connect(lived.instance) as connection:
        for table, column in LEDGER.items():
            connection.execute(text(f"delete from huiliu.{table} where {column} = :day"), {"day": day})
        remaining = connection.scalar(text("select count(*) from huiliu.batch where taken_on = :day"), {"day": day})
    assert remaining == 0


def _state(lived: Lived) -> tuple[dict[str, int], dict[str, str]]:
    """Return the version of every table and the hash of every file that recipients can see, day entries included."""
    exchange = lived.instance.home / "store" / "exchange"
    files = [path for path in exchange.rglob("*") if path.is_file() and not path.relative_to(exchange).parts[0].startswith("_")]
    return versions(lived.instance), {str(path.relative_to(exchange)): _digest(path) for path in files}


def _cases(lived: Lived) -> list[cases.Case]:
    """Return every case: they are no record of the run, so they are not lost with it, and the run raises none of them again."""
    with connect(lived.instance) as connection:
        return cases.find(connection, cases.Filter())


def _digest(path: Path) -> str:
    return f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
