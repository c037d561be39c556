"""Judge rule kind `place_inside` in plain Python, by following parents in the region tree of the business date."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day
from lakehouse.rules.place_inside import PROVIDER


def breaks(check: Check, row: Row) -> bool:
    """Return whether the code names a region in force that does not lie inside the area."""
    code, areas = check.text(row), _areas(check, row)
    above = check.ground.regions.ancestors(code, day(row)) if code else {}
    return bool(above) and bool(areas) and areas.isdisjoint(above.values())


def _areas(check: Check, row: Row) -> set[str]:
    if check.params["region"] != PROVIDER:
        return {check.params["region"]}
    return {one.region_code for one in check.ground.departments if one.uscc == row["_provider"] and one.covers(day(row))}
