"""Judge rule kind `not_overdue` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day


def breaks(check: Check, row: Row) -> bool:
    """Return whether the date has passed although column `when` says the matter is in force."""
    value = check.local_date(row)
    return value is not None and value < day(row) and check.text(row, check.params["when"]) in check.params["in"]
