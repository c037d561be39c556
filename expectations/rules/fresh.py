"""Judge rule kind `fresh` in plain Python."""

from __future__ import annotations

from datetime import timedelta

from expectations.rules.check import Check, Row, day


def breaks(check: Check, row: Row) -> bool:
    """Return whether the local date lies more than `maxDays` days before the business date."""
    value = check.local_date(row)
    return value is not None and value < day(row) - timedelta(days=check.params["maxDays"])
