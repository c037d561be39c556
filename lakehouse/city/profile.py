"""The profile of a city (`cities/<city>/city.yaml`): what it is called, where it lies, which clock its days follow."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lakehouse.declarations.strict_yaml import Declared, read_declaration


class CityProfile(Declared):
    """All of `city.yaml`.

    With the clock `manual` no business day starts by itself (a sample city, a backfill); `wall` is for a real city.
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


def load_profile(city_folder: Path) -> CityProfile:
    """Return the profile of the city in a folder.

    Raises:
        ContractError: the file is missing or wrong; the message lists all its problems.
    """
    return read_declaration(city_folder / "city.yaml", CityProfile)
