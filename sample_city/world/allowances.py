"""The rules of allowances for the elderly (养老服务补贴): who receives which one."""

from __future__ import annotations

from datetime import date

from sample_city.world.people import FIRST_DAY, Person, Setting

OLD, VERY_OLD = 65, 80
AMOUNTS = {"高龄津贴": "100.00", "居家养老服务补贴": "300.00", "护理补贴": "220.00", "助餐补贴": "150.00"}  # yuan a month
CARE, MEALS = "护理补贴", "助餐补贴"


def age_on(birth: date, day: date) -> int:
    """Return the age in full years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def service_of(setting: Setting, no: int, age: int) -> str:
    """Return the kind of the `no`-th allowance of a person of that age; some people over 80 have two."""
    return "高龄津贴" if age >= VERY_OLD else setting.chance("which service", no).choice(tuple(AMOUNTS)[1:])


def draws_care_allowance(setting: Setting, person: Person) -> bool:
    """Return whether a person is on a street's list with the care allowance in the first month."""
    age = age_on(person.birth_date, FIRST_DAY)
    return age >= OLD and service_of(setting, person.no, age) == CARE
