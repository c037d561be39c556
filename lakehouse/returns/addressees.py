"""Returns whom a day's packages are for: the regions of every level a return serves, and the departments that handle a matter by law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from lakehouse.city.departments import Department
from lakehouse.city.regions import Region, RegionState
from lakehouse.errors import ConfigError, Problem, problems_text
from lakehouse.naming import LEVELS, department_id, recipient_id
from lakehouse.returns.model import Audience

BELOW_THE_CITY = LEVELS[LEVELS.index("district") :]


@dataclass(frozen=True)
class Recipient:
    """Somebody with a prefix of its own; `title` names the place as people do, `above` whom it belongs to."""

    recipient_id: str
    audience: str
    level: str
    region_code: str
    name: str
    title: str
    above: str
    department_uscc: str | None
    valid_from: date
    valid_to: date | None

    @property
    def place(self) -> str:
        """Returns the name under which rows of this audience and region are handed over."""
        return f"{self.audience}-{self.region_code}"


def recipients(audiences: Iterable[Audience], regions: RegionState, departments: Sequence[Department], on: date) -> tuple[Recipient, ...]:
    """Returns the recipients of a date: regions by level and code, then departments by region.

    Raises:
        ConfigError: a region has no department of a kind that handles a matter for it, or more than one.
    """
    served = {(one.level, one.name, one.fulfils) for one in audiences}
    problems: list[Problem] = []
    found = [_region(region, regions) for level in LEVELS if (level, level, None) in served for region in regions.of_level(level)]
    for level, kind, _ in sorted(one for one in served if one[2] is not None):
        existing = [one for one in departments if one.kind == kind and one.level == level and one.covers(on)]
        for region in regions.of_level(level):
            own = [one for one in existing if one.region_code == region.code]
            if len(own) == 1:
                found.append(_department(own[0], region, regions))
            else:
                text = f"{len(own)} departments of kind {kind} at {on}, and a return names it the handler."
                problems.append(Problem(f"departments.csv: {region.code}", text, "exactly one", "add or close one."))
    if problems:
        raise ConfigError(problems_text(problems))
    return tuple(found)


def _region(region: Region, regions: RegionState) -> Recipient:
    whom = recipient_id(region.level, region.code)
    above = regions.by_code.get(region.parent_code or "")
    title = _title(region, regions)
    named = (region.name, title, above.name if above else "")
    return Recipient(whom, region.level, region.level, region.code, *named, None, region.valid_from, region.valid_to)


def _department(one: Department, region: Region, regions: RegionState) -> Recipient:
    whom, above = department_id(one.uscc), regions.by_code.get(region.parent_code or "")
    named = (one.name, one.name, above.name if above else "")
    return Recipient(whom, one.kind, one.level, one.region_code, *named, one.uscc, one.valid_from, one.valid_to)


def _title(region: Region, regions: RegionState) -> str:
    chain = regions.ancestors(region.code)
    names = [regions.by_code[chain[level]].name for level in BELOW_THE_CITY if level in chain]
    return " ".join(names) or region.name
