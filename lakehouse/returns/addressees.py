"""The recipients of a day's packages: the regions of every level a return serves, and departments that handle a matter by law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from lakehouse.city.departments import Department
from lakehouse.city.regions import Region, RegionState
from lakehouse.errors import ConfigError, Problem, problems_text
from lakehouse.naming import LEVELS, department_id, recipient_id
from lakehouse.ops.recipients import Recipient
from lakehouse.returns.model import Audience

BELOW_THE_CITY = LEVELS[LEVELS.index("district") :]


@dataclass(frozen=True, kw_only=True)
class Addressee(Recipient):
    """A recipient of a day's packages, with what the packages need to know about it.

    Attributes:
        region_code: the region whose rows it receives.
        audience: the audience it belongs to: its level, or the kind of department that handles a matter.
        title: the name people know the place by.
        above: the name of its parent region.
    """

    region_code: str
    audience: str
    title: str
    above: str

    @property
    def place(self) -> str:
        """Return the name of the recipient's place (audience and region), by which due rows are joined to recipients."""
        return f"{self.audience}-{self.region_code}"


def addressees(audiences: Iterable[Audience], regions: RegionState, departments: Sequence[Department], on: date) -> tuple[Addressee, ...]:
    """Return the recipients of a date's packages: regions by level and code, then departments by region.

    Raises:
        ConfigError: a region has no department of a kind that handles a matter for it, or more than one; or the same as another region.
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
                text = f"{len(own)} departments of kind {kind} exist on {on}, but a return needs one as its handler."
                problems.append(Problem(f"departments.csv: {region.code}", text, "exactly one", "add a department or close one."))
    times = Counter(one.department_uscc for one in found if one.department_uscc)
    for uscc in sorted(uscc for uscc, number in times.items() if number > 1):
        text = f"it handles a return for {times[uscc]} regions on {on}, but its package is about one."
        problems.append(Problem(f"departments.csv: {uscc}", text, "one region", "list a department for each region."))
    if problems:
        raise ConfigError(problems_text(problems))
    return tuple(found)


def former_addressees(
    before: Iterable[str], known: Collection[Addressee], regions: RegionState, departments: Sequence[Department], on: date
) -> tuple[Addressee, ...]:
    """Return who had a package before (`before`: recipient ids), still exists on the date and is not among the known recipients."""
    gone = set(before) - {one.recipient_id for one in known}
    places = ((recipient_id(region.level, region.code), region) for region in regions.by_code.values())
    found = [_region(region, regions) for whom, region in places if whom in gone]
    for one in departments:
        region = regions.by_code.get(one.region_code)
        if department_id(one.uscc) in gone and one.covers(on) and region is not None:
            found.append(_department(one, region, regions))
    return tuple(sorted(found, key=lambda one: one.recipient_id))


def _region(region: Region, regions: RegionState) -> Addressee:
    above = regions.by_code.get(region.parent_code or "")
    return Addressee(
        recipient_id=recipient_id(region.level, region.code),
        level=region.level,
        name=region.name,
        region_code=region.code,
        department_uscc=None,
        valid_from=region.valid_from,
        valid_to=region.valid_to,
        audience=region.level,
        title=_title(region, regions),
        above=above.name if above else "",
    )


def _department(one: Department, region: Region, regions: RegionState) -> Addressee:
    above = regions.by_code.get(region.parent_code or "")
    return Addressee(
        recipient_id=department_id(one.uscc),
        level=one.level,
        name=one.name,
        region_code=one.region_code,
        department_uscc=one.uscc,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        audience=one.kind,
        title=one.name,
        above=above.name if above else "",
    )


def _title(region: Region, regions: RegionState) -> str:
    chain = regions.ancestors(region.code)
    names = [regions.by_code[chain[level]].name for level in BELOW_THE_CITY if level in chain]
    return " ".join(names) or region.name
