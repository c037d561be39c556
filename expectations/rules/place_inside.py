"""Judge rule kind `place_inside` in plain Python, by following parents in the region tree of the business date."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day
from lakehouse.rules.place_inside import PROVIDER


def breaks(check: Check, row: Row) -> bool:
    """Return whether the code names a region in force that does not lie inside the area."""
    code, area = check.text(row), _area(check, row)
    above = check.ground.regions.ancestors(code, day(row)) if code else {}
    return bool(above) and area is not None and area not in above.values()


def _area(check: Check, row: Row) -> str | None:
    region: str = check.params["region"]
    if region != PROVIDER:
        return region
    existing = (one for one in check.ground.departments if one.uscc == row["_provider"] and one.covers(day(row)))
    return next((one.region_code for one in existing), None)
