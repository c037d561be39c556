"""Judges `burst` in plain Python, over a whole batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from expectations.rules.check import Check, Row


def observe(check: Check, rows: Iterable[Row]) -> Counter[tuple[str, str, datetime]]:
    """Return how many rows each sender has in each minute of each batch."""
    return Counter(minute for row in rows if (minute := _minute(check, row)))


def breaks(check: Check, row: Row) -> bool:
    """Return whether the row lies in a minute with too many."""
    minute = _minute(check, row)
    return minute is not None and check.seen[minute] > check.params["max"]


def _minute(check: Check, row: Row) -> tuple[str, str, datetime] | None:
    sender, moment = check.text(row, check.params["by"]), check.value(row)
    if sender is None or moment is None:
        return None
    return row["_batch_id"], sender, moment.replace(second=0, microsecond=0)
