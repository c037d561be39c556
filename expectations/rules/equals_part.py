"""Judge rule kind `equals_part` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row


def breaks(check: Check, row: Row) -> bool:
    """Return whether the text differs from its part of the other column; false when the other text is too short to have that part."""
    text, other = check.text(row), check.text(row, check.params["of"])
    start, length = check.params["from"] - 1, check.params["length"]
    if text is None or other is None or len(other) < start + length:
        return False
    return text != other[start : start + length]
