"""Judge rule kind `burst` in plain Python, over a whole batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from expectations.rules.check import Check, Row


def observe(check: Check, rows: Iterable[Row]) -> Counter[tuple[str, str, datetime]]:
    """Return the number of rows by batch, sender and minute."""
    return Counter(minute for row in rows if (minute := _minute(check, row)))


def breaks(check: Check, row: Row) -> bool:
    """Return whether the row's sender sent more rows in that minute than allowed."""
    minute = _minute(check, row)
    return minute is not None and check.seen[minute] > check.params["max"]


def _minute(check: Check, row: Row) -> tuple[str, str, datetime] | None:
    sender, moment = check.text(row, check.params["by"]), check.value(row)
    if sender is None or moment is None:
        return None
    return row["_batch_id"], sender, moment.replace(second=0, microsecond=0)
