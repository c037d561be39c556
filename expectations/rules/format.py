"""Judge rule kind `format` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row


def breaks(check: Check, row: Row) -> bool:
    """Return whether there is a text and it cannot be read in the column's type and format."""
    return check.text(row) is not None and check.value(row) is None
