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


class CityProfile(Declared):
    """All of `city.yaml`.

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
