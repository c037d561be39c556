"""Judge rule kind `resident_id_15` in plain Python."""

from __future__ import annotations

from expectations.rules.check import DIGITS, Check, Row


def breaks(check: Check, row: Row) -> bool:
    """Return whether the number was sent in its old form of 15 digits."""
    number = check.sent(row, without=("resident_id_18",))
    return number is not None and len(number) == 15 and set(number) <= DIGITS
