"""Judges `place_known` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row


def breaks(check: Check, row: Row) -> bool:
    """Returns whether no region of the level ever had the code; for a community a padded street is known too."""
    code = check.sent(row)
    return code is not None and not check.ground.regions.known(code, check.params["level"])
