"""Judge rule kind `required_when` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row


def breaks(check: Check, row: Row) -> bool:
    """Return whether the value is missing although another column requires it."""
    return check.text(row) is None and check.text(row, check.params["when"]) in check.params["in"]
