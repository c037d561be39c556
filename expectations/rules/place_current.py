"""Judge rule kind `place_current` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day
from lakehouse.city.regions import unpadded


def breaks(check: Check, row: Row) -> bool:
    """Return whether the code as it was sent names a region that does not exist at the business date."""
    code, regions = check.sent(row), check.ground.regions
    if code is None or not (regions.history(code) or regions.history(unpadded(code))):
        return False
    return regions.find(code, day(row)) is None
