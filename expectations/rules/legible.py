"""Judge rule kind `legible` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row
from lakehouse.text.characters import GARBLED, LOST, PLACEHOLDERS, lies_in


def breaks(check: Check, row: Row) -> bool:
    """Return whether the text holds a lost character, a garbled one, or in a name a placeholder."""
    text = check.text(row) or ""
    if any(lies_in(character, LOST) for character in text) or any(garbled in text for garbled in GARBLED):
        return True
    return check.column.is_name and not set(PLACEHOLDERS).isdisjoint(text)
