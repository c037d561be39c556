"""Judge rule kind `resident_id` in plain Python, by the kernel's implementation of GB 11643."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day
from lakehouse.numbers.resident import resident_id_fault


def breaks(check: Check, row: Row) -> bool:
    """Return whether the resident number is not valid."""
    number = check.text(row)
    return number is not None and resident_id_fault(number, day(row)) is not None
