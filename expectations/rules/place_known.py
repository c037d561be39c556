"""Judges `place_known` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row


def breaks(check: Check, row: Row) -> bool:
    """Returns whether no region of the level ever had the code; for a community a padded street is known too."""
    code = check.sent(row)
    if code is None:
        return False
    levels = {place.level for place in check.places(code)}
    padded_street = check.params["level"] == "community" and len(code) == 12 and "street" in levels
    return check.params["level"] not in levels and not padded_street
