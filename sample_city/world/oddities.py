"""The special people: those who are odd but valid, and those whose registration has one labelled defect each.

They have the first person numbers of the city and no ordinary events, so defects never overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from sample_city.world import person_names
from sample_city.world.numbers import resident_number
from sample_city.world.people import FIRST_DAY, HAN, Person, Setting, past_time, some_home

ODD = {
    "hong_kong_macao_taiwan": 1,
    "abolished_region_in_id": 1,
    "lower_case_x": 1,
    "rare_character": 1,
    "dotted_name": 1,
    "twelve_character_name": 1,
    "aged_107": 1,
    "leap_day": 1,
    "twins": 3,  # a mother and her twins
    "same_name_and_birthday": 2,
    "empty_optional_fields": 1,
}
SEEN_ODD = tuple(kind for kind in ODD if kind not in ("lower_case_x", "empty_optional_fields"))  # kinds that are odd in every source
REPAIRED = ("id_check_digit", "gender_contradicts_id", "birth_date_contradicts_id", "required_empty")
DEFECTS = (*REPAIRED, "abolished_region", "id_15_digits", "relation_missing", "same_key_and_position", "row_repeated")
LATE = ("late_correction", "late_death")  # changed on one day, followed by an older row on the next
UNIT = {**ODD, **dict.fromkeys((*DEFECTS, *LATE), 1)}
LATE_AFTERWARDS = 10  # kinds of late rows, one a day after the second day


def quota(people: int) -> int:
    """Return the number of people per kind: 36 in a city of 20,000, in proportion to its size, at least 2, at most 480."""
    return max(2, min(480, round(people * 36 / 20_000)))


@dataclass(frozen=True)
class Place:
    """The place of a special person: kind, number of the unit within the kind, member within the unit."""

    kind: str
    number: int
    member: int


class Oddities:
    """The special people of a city, numbered 0 … `count`-1."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        each = quota(setting.people)
        self.units = {kind: each + (LATE_AFTERWARDS if kind in LATE else 0) for kind in UNIT}
        self.count = sum(self.units[kind] * size for kind, size in UNIT.items())
        self._first: dict[str, int] = {}
        first = 0
        for kind, size in UNIT.items():
            self._first[kind] = first
            first += self.units[kind] * size

    def number_of(self, kind: str, number: int, member: int = 0) -> int:
        """Return the person number of a member of a unit."""
        return self._first[kind] + number * UNIT[kind] + member

    def place(self, no: int) -> Place:
        """Return kind, number and member of a special person."""
        kind = next(kind for kind in reversed(UNIT) if no >= self._first[kind])
        number, member = divmod(no - self._first[kind], UNIT[kind])
        return Place(kind, number, member)

    def __iter__(self) -> Iterator[Person]:
        return (self.person(no) for no in range(self.count))

    def person(self, no: int) -> Person:
        """Return a special person with a correct registration; defects are added when rows are written."""
        place = self.place(no)
        rng = self.setting.chance("special", place.kind, place.number)
        alone = _adult(rng, self.setting, no, place)
        shape = SHAPES.get(place.kind)
        shaped = shape(rng, alone, place) if shape else alone
        return self._merged_away(rng, shaped, place.number) if place.kind == "abolished_region" else shaped

    def _merged_away(self, rng: Random, person: Person, number: int) -> Person:
        """Return the person living in a community that took over an abolished one; the register still has the old code."""
        places = self.setting.places
        old = places.abolished[number % len(places.abolished)]
        room = self.setting.houses.some_room(rng, places.some_grid(rng, old.successor))
        named = replace(person, community=old.successor, region_code=old.code, address=room.text(rng, places, spoiled=False))
        return replace(named, grid=room.grid, room=room.address_id, registered_room=room.address_id)


def _adult(rng: Random, setting: Setting, no: int, place: Place) -> Person:
    """Return an adult who lives alone; identity numbers come from a range of the kind's own."""
    shared = 0 if place.kind == "twins" else place.member
    home = some_home(
        setting.chance("home", place.kind, place.number, shared), setting, f"{100_000_000 + no - place.member + shared}", plain=True
    )
    gender = rng.choice("12")
    birth = date(rng.randint(1942, 1999), rng.randint(1, 12), rng.randint(1, 28))
    region = f"4499{50 + list(UNIT).index(place.kind):02d}"
    id_no = resident_number(region, birth, order(place, gender))
    return Person(
        no=no,
        id_no=id_no,
        person_name=person_names.full_name(rng, gender, person_names.surname(rng)),
        gender_code=gender,
        birth_date=birth,
        ethnicity_code=HAN,
        community=home.community,
        region_code=home.region_code,
        address=home.address,
        household_no=home.household_no,
        head_id_no=id_no,
        relation="0",
        phone=person_names.phone(no),
        grid=home.grid,
        room=home.room,
        registered_room=home.registered_room,
        update_time=past_time(rng),
        trait=place.kind,
    )


def order(place: Place, gender: str) -> int:
    """Return the order number of a special person: one per unit, odd for men."""
    return 2 * place.number + (gender == "1")


def _born(person: Person, birth: date, id_no: str) -> Person:
    registered = max(person.update_time, datetime.combine(birth + timedelta(days=20), time(9)))
    return replace(person, birth_date=birth, id_no=id_no, head_id_no=id_no, update_time=registered)


def _other_region(region: Callable[[Place], str]) -> Callable[[Random, Person, Place], Person]:
    def shape(_: Random, person: Person, place: Place) -> Person:
        id_no = resident_number(region(place), person.birth_date, order(place, person.gender_code))
        return replace(_born(person, person.birth_date, id_no), register_type="集体户")

    return shape


def _lower_case_x(_: Random, person: Person, place: Place) -> Person:
    birth = person.birth_date
    while not (id_no := resident_number(person.id_no[:6], birth, order(place, person.gender_code))).endswith("X"):
        birth += timedelta(days=1)
    return _born(person, birth, id_no)


def _rare(rng: Random, person: Person, place: Place) -> Person:
    named = replace(person, person_name=person_names.rare_name(rng, person.gender_code))
    return _aged(named, place, 1945 + place.number % 10) if place.number % 2 else named


def _aged(person: Person, place: Place, year: int) -> Person:
    birth = date(year, person.birth_date.month, person.birth_date.day)
    return _born(person, birth, resident_number(person.id_no[:6], birth, order(place, person.gender_code)))


def _aged_107(_: Random, person: Person, place: Place) -> Person:
    birth = date(FIRST_DAY.year - 107, 1 + place.number % 5, 1 + place.number % 28)
    return _born(person, birth, resident_number(person.id_no[:6], birth, order(place, person.gender_code)))


def _leap_day(_: Random, person: Person, place: Place) -> Person:
    birth = date(1940 + 4 * (place.number % 17), 2, 29)
    return _born(person, birth, resident_number(person.id_no[:6], birth, order(place, person.gender_code)))


def _twins(rng: Random, person: Person, place: Place) -> Person:
    mother = _born(person, birth := date(1985, 1, 1 + place.number % 28), resident_number(person.id_no[:6], birth, 2 * place.number))
    mother = replace(mother, gender_code="2", person_name=person_names.full_name(rng, "2", person.person_name[0]))
    if place.member == 0:
        return replace(mother, trait="")
    birth = date(2012, 3, 1 + place.number % 28)
    gender = "12"[(place.number + place.member * (place.number % 3)) % 2]
    family = person_names.surname(rng)
    given = [person_names.full_name(rng, gender, family) for _ in range(place.member)][-1]
    id_no = resident_number("449998", birth, 4 * (place.number // 28) + 2 * (place.member - 1) + (gender == "1"))
    child = replace(mother, trait="twins", gender_code=gender, person_name=given, relation="2" if gender == "1" else "3")
    return replace(_born(child, birth, id_no), head_id_no=mother.id_no, mother=person.no - place.member)


def _same_name(_: Random, person: Person, place: Place) -> Person:
    region = f"4499{96 if place.member else person.id_no[4:6]}"
    return _born(person, person.birth_date, resident_number(region, person.birth_date, order(place, person.gender_code)))


def _death_in_old_age(_: Random, person: Person, place: Place) -> Person:
    return _aged(person, place, 1938 + place.number % 12)


SHAPES: dict[str, Callable[[Random, Person, Place], Person]] = {
    "hong_kong_macao_taiwan": _other_region(lambda place: f"8{1 + place.number % 3}0000"),
    "abolished_region_in_id": _other_region(lambda _: "449909"),
    "lower_case_x": _lower_case_x,
    "rare_character": _rare,
    "dotted_name": lambda rng, person, _: replace(person, person_name=person_names.dotted_name(rng), ethnicity_code="05"),
    "twelve_character_name": lambda rng, person, _: replace(person, person_name=person_names.twelve_characters(rng), ethnicity_code="05"),
    "aged_107": _aged_107,
    "leap_day": _leap_day,
    "twins": _twins,
    "same_name_and_birthday": _same_name,
    "late_death": _death_in_old_age,
}
