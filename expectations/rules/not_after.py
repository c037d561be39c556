"""Judge rule kind `not_after` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day


def breaks(check: Check, row: Row) -> bool:
    """Return whether the local date lies after the business date."""
    value = check.local_date(row)
    return value is not None and value > day(row)
