"""Returns who draws which allowance for the elderly (养老服务补贴)."""

from __future__ import annotations

from datetime import date

from sample_city.world.people import FIRST_DAY, Person, Setting

OLD, VERY_OLD = 65, 80
AMOUNTS = {"高龄津贴": "100.00", "居家养老服务补贴": "300.00", "护理补贴": "220.00", "助餐补贴": "150.00"}  # yuan a month
CARE, MEALS = "护理补贴", "助餐补贴"


def age_on(birth: date, day: date) -> int:
    """Return full years of age."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def service_of(setting: Setting, no: int, age: int) -> str:
    """Return what somebody of that age is paid for; some over 80 get a second allowance."""
    return "高龄津贴" if age >= VERY_OLD else setting.chance("which service", no).choice(tuple(AMOUNTS)[1:])


def draws_care_allowance(setting: Setting, person: Person) -> bool:
    """Return whether somebody is on the streets' lists with the care allowance in the first month."""
    age = age_on(person.birth_date, FIRST_DAY)
    return age >= OLD and service_of(setting, person.no, age) == CARE
