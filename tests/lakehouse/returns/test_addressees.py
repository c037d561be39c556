"""Recipients are the regions in force on the day, of every level a return serves, and one handling department per region."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from lakehouse.city.departments import Department, load_departments
from lakehouse.city.regions import load_regions
from lakehouse.errors import ConfigError
from lakehouse.returns.addressees import Addressee, addressees
from lakehouse.returns.model import Audience
from tests.lakehouse.returns.town import CITY, FIRST, THIRD

pytestmark = pytest.mark.fast

LEVELS = ("city", "street", "community")
BUREAU = Audience("civil_affairs", "district", "a law", None, "", "statutory_handler")
DISTRICT_BUREAU = "11449901MB2D000144"


def served(on: date = FIRST, departments: tuple[Department, ...] = load_departments(CITY)) -> tuple[Addressee, ...]:
    audiences = [BUREAU, *(Audience(level, level, "Art24", None, "") for level in LEVELS)]
    return addressees(audiences, load_regions(CITY).at(on), departments, on)


def test_served_levels_and_the_bureau_receive() -> None:
    found = served()
    assert Counter(one.audience for one in found) == {"city": 1, "street": 3, "community": 9, "civil_affairs": 1}
    assert (found[0].recipient_id, found[-1].recipient_id) == ("c-4499", f"m-{DISTRICT_BUREAU}")
    bureau = found[-1]
    assert (bureau.level, bureau.region_code, bureau.department_uscc) == ("district", "449901", DISTRICT_BUREAU)
    [community] = [one for one in found if one.region_code == "449901001001"]
    assert (community.title, community.above) == ("示范东区 望海街道 晨光社区居民委员会", "望海街道")
    assert "449901001091" not in {one.region_code for one in found}  # abolished


def test_renamed_community_has_its_new_name_from_its_first_day() -> None:
    names = [next(one.name for one in served(on) if one.region_code == "449901002001") for on in (FIRST, THIRD)]
    assert names == ["南桥社区居民委员会", "新南桥社区居民委员会"]


def test_region_without_its_one_handler_is_refused() -> None:
    departments = load_departments(CITY)
    bureau = next(one for one in departments if one.uscc == DISTRICT_BUREAU)
    closed = tuple(replace(one, valid_to=FIRST) if one is bureau else one for one in departments)
    with pytest.raises(ConfigError, match=r"449901:\n  0 departments of kind civil_affairs"):
        served(FIRST, closed)
    with pytest.raises(ConfigError, match="2 departments of kind civil_affairs"):
        served(FIRST, (*departments, replace(bureau, uscc="another")))


def test_a_handler_of_two_regions_is_refused_by_name() -> None:
    first, second, *_ = (one for one in load_departments(CITY) if one.kind == "street_office")
    departments = tuple(replace(one, uscc=first.uscc) if one == second else one for one in load_departments(CITY))
    offices = Audience("street_office", "street", "a law", None, "", "statutory_handler")
    assert len(addressees([offices], load_regions(CITY).at(FIRST), load_departments(CITY), FIRST)) == 3
    with pytest.raises(ConfigError, match=f"{first.uscc}:\n  it handles a return for 2 regions"):
        addressees([offices], load_regions(CITY).at(FIRST), departments, FIRST)
