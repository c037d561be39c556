"""The profile of a city (`cities/<city>/city.yaml`): what it is called, where it lies, which clock its days follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from lakehouse.city.regions import RegionTree
from lakehouse.declarations.strict_yaml import Declared, read_declaration
from lakehouse.errors import Problem

USUAL_HOURS_TO_PUBLISH = 33


class Upkeep(Declared):
    """How long an instance keeps what it could do without, and how long a day's upkeep may take (docs/reference/upkeep.md).

    `landing_days` is empty: landed bytes are what everything can be built from again, so they are kept for ever.
    """

    budget_seconds: int = Field(300, ge=0)
    logs_days: int = Field(30, ge=7)
    landing_days: int | None = Field(None, ge=365)


class CityProfile(Declared):
    """All of `city.yaml`.

    `published_by_hours` says by when a business date has to be published, in hours from the beginning of that date: 33 is nine o'clock of
    the next day. Without it a date is never late with the clock `manual`, and late after 33 hours with `wall`.

    With the clock `manual` no business day starts by itself (a sample city, a backfill); `wall` is for a real city. A city that is a
    province itself (直辖市) has the same code twice.
    """

    code: str
    name: str
    name_en: str
    region_code: str
    province_code: str
    clock: Literal["manual", "wall"]
    timezone: str = "Asia/Shanghai"
    first_business_date: str
    extra_holidays: list[str] = Field(default_factory=list)
    published_by_hours: int | None = Field(None, ge=24, le=240)
    upkeep: Upkeep = Field(default_factory=Upkeep)

    @property
    def hours_to_publish(self) -> int | None:
        """Return the hours from the beginning of a business date until it has to be published; None where no date is ever late."""
        if self.published_by_hours is not None or self.clock == "manual":
            return self.published_by_hours
        return USUAL_HOURS_TO_PUBLISH


def misplaced(city_folder: Path, profile: CityProfile, regions: RegionTree, on: date) -> Iterator[Problem]:
    """Yield a problem where the city, or the province it lies in, is not such a region of the city's tree at a date."""
    line = regions.ancestors(profile.region_code, on).values()
    for name, code in (("region_code", profile.region_code), ("province_code", profile.province_code)):
        if code not in line:
            found = f"{code} is not in force in regions.csv at {on}, or the city does not lie in it."
            yield Problem(f"{city_folder / 'city.yaml'}: {name}", found, "", "add the region, or correct the code.")


def load_profile(city_folder: Path) -> CityProfile:
    """Return the profile of the city in a folder.

    Raises:
        ContractError: the file is missing or wrong; the message lists all its problems.
    """
    return read_declaration(city_folder / "city.yaml", CityProfile)
