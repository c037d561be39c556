"""Judge rule kind `place_known` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row
from lakehouse.city.regions import unpadded


def breaks(check: Check, row: Row) -> bool:
    """Return whether no region of the level ever had the code; a street code padded with zeros also counts as a known community."""
    code, regions = check.sent(row), check.ground.regions
    if code is None or check.params["level"] != "any":
        return code is not None and not regions.known(code, check.params["level"])
    return not (regions.history(code) or regions.history(unpadded(code)))
