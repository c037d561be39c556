"""Ordinary people, computed by number and household, without a stored list.

People are numbered: first the special ones (`oddities`), then ordinary ones in blocks of 24, then newborns and arrivals day by day.
A block is made from the seed and its number alone, so anybody can be looked up at any time and two million people need no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from random import Random

from sample_city.world import person_names
from sample_city.world.houses import Houses
from sample_city.world.numbers import chance, spread_birth
from sample_city.world.places import Places

FIRST_DAY = date(2026, 6, 1)
BLOCK = 24
HAN, OTHER_ETHNICITIES = "01", (*(f"{n:02d}" for n in range(2, 57)), "97", "98")


@dataclass(frozen=True)
class Person:
    """One person: the truth about them, and their registration as it should be in the register."""

    no: int
    id_no: str
    person_name: str
    gender_code: str
    birth_date: date
    ethnicity_code: str
    community: str  # true community of registration (hukou)
    region_code: str  # region of registration as in the register: sometimes only the street
    address: str
    household_no: str
    head_id_no: str
    relation: str
    phone: str
    grid: str  # where they really live
    room: str  # address_id of the room they really live in
    registered_room: str  # address_id of the room `address` means
    update_time: datetime
    trait: str = ""  # kind of oddity or defect; empty for ordinary people
    register_type: str = "家庭户"
    former_name: str = ""
    move_in_date: date | None = None
    mother: int | None = None
    died_on: date | None = None
    left_on: date | None = None

    @property
    def is_present(self) -> bool:
        """Return whether the person is alive and has not left the city."""
        return self.died_on is None and self.left_on is None


@dataclass(frozen=True)
class Home:
    """What the members of a household share."""

    household_no: str
    community: str
    region_code: str
    address: str
    grid: str
    room: str
    registered_room: str


@dataclass(frozen=True)
class Role:
    """A member of a household before they have a number: relation to the head, gender, birth year, family name."""

    relation: str
    gender: str
    birth_year: int
    family: str


@dataclass(frozen=True)
class Setting:
    """The inputs of a sample city, on which all its data depend: seed, number of people and places."""

    seed: int
    people: int
    places: Places

    @cached_property
    def houses(self) -> Houses:
        """Return the rooms of the city."""
        return Houses(self.people, self.places)

    def chance(self, *parts: object) -> Random:
        """Return the random generator of this city for one purpose."""
        return chance(self.seed, *parts)


def office_time(rng: Random, day: date) -> datetime:
    """Return a moment in office hours (local time, whole seconds)."""
    return datetime.combine(day, time(8)) + timedelta(seconds=rng.randrange(10 * 3600))


def past_time(rng: Random) -> datetime:
    """Return a random time of the last change before the first day, well before any overlap window."""
    return office_time(rng, FIRST_DAY - timedelta(days=8 + int(4000 * rng.random() ** 2)))


def some_home(rng: Random, setting: Setting, household_no: str, plain: bool = False) -> Home:
    """Return a home: 30 % live away from their registered address, 3 % are registered with a street only (unless plain)."""
    places, houses = setting.places, setting.houses
    registered = lived_in = houses.some_room(rng, places.some_grid(rng, places.some_community(rng)))
    if rng.random() < 0.3:
        lived_in = houses.some_room(rng, places.some_grid(rng, places.some_community(rng)))
    region_code = f"{registered.street}000" if rng.random() < 0.03 and not plain else registered.community
    text = registered.text(rng, places, spoiled=not plain)
    return Home(household_no, registered.community, region_code, text, lived_in.grid, lived_in.address_id, registered.address_id)


def household(rng: Random) -> list[Role]:
    """Return the members of one household, its head first, parents before children."""
    family, year = person_names.surname(rng), FIRST_DAY.year
    draw, head_gender = rng.random(), rng.choice("1112")
    other = "2" if head_gender == "1" else "1"
    if draw < 0.2:
        return [Role("0", head_gender, year - rng.randint(20, 88), family)]
    age = rng.randint(58, 90) if draw < 0.35 else rng.randint(25, 62)
    partner = Role("1", other, year - max(22, age + rng.randint(-5, 3)), person_names.surname(rng))
    roles = [Role("0", head_gender, year - age, family), partner]
    if draw < 0.5:
        return roles
    mother_year = next(role.birth_year for role in roles if role.gender == "2")
    for _ in range(1 if draw < 0.78 else 2):
        born = min(mother_year + rng.randint(21, 38), year - 1)
        gender = rng.choice("12")
        roles.append(Role("2" if gender == "1" else "3", gender, born, family))
    if draw > 0.87:
        roles.append(Role("5", rng.choice("12"), max(year - 98, roles[0].birth_year - rng.randint(22, 34)), family))
    return roles


class Populace:
    """The ordinary people of a city, numbered `first` … `last`-1."""

    def __init__(self, setting: Setting, first: int) -> None:
        self.setting, self.first, self.last = setting, first, setting.people
        self._block = lru_cache(maxsize=64)(self._make_block)

    def person(self, no: int) -> Person:
        """Return the person of that number."""
        block, place = divmod(no - self.first, BLOCK)
        return self._block(block)[place]

    def household_of(self, no: int) -> list[Person]:
        """Return all members of the person's household."""
        block = self._block((no - self.first) // BLOCK)
        mine = block[(no - self.first) % BLOCK].household_no
        return [person for person in block if person.household_no == mine]

    def __iter__(self) -> Iterator[Person]:
        for block in range(-(-(self.last - self.first) // BLOCK)):
            yield from self._make_block(block)

    def _make_block(self, block: int) -> list[Person]:
        rng = self.setting.chance("block", block)
        wanted = min(BLOCK, self.last - self.first - block * BLOCK)
        found: list[Person] = []
        while len(found) < wanted:
            no = self.first + block * BLOCK + len(found)
            home = some_home(rng, self.setting, f"{200_000_000 + no}")
            found += settle(rng, home, household(rng)[: wanted - len(found)], no)
        return found


def settle(rng: Random, home: Home, roles: list[Role], first_no: int) -> list[Person]:
    """Return the people of a household, numbered from `first_no`."""
    ethnicity = HAN if rng.random() < 0.96 else rng.choice(OTHER_ETHNICITIES)
    changed = past_time(rng)
    born = [spread_birth(first_no + n, role.birth_year, role.gender) for n, role in enumerate(roles)]
    mother = next((first_no + n for n, role in enumerate(roles) if role.relation in "01" and role.gender == "2"), None)
    return [
        Person(
            no=first_no + n,
            id_no=born[n][1],
            person_name=person_names.full_name(rng, role.gender, role.family),
            gender_code=role.gender,
            birth_date=born[n][0],
            ethnicity_code=ethnicity,
            community=home.community,
            region_code=home.region_code,
            address=home.address,
            household_no=home.household_no,
            head_id_no=born[0][1],
            relation=role.relation,
            phone=person_names.phone(first_no + n),
            grid=home.grid,
            room=home.room,
            registered_room=home.registered_room,
            update_time=max(changed, datetime.combine(born[n][0] + timedelta(days=20), time(9))),
            move_in_date=changed.date() if role.relation == "1" and changed.year - role.birth_year > 24 else None,
            mother=mother if role.relation in "23" else None,
        )
        for n, role in enumerate(roles)
    ]
