"""People who live in the city but are registered elsewhere (流动人口): they have no household, a residence permit and a room.

They are numbered from `FIRST_NO` on, above all people registered in the city. The first ones are special, a fixed number per
kind, and have no events. The others have events like the locals: a shuffle decides who has one on which day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sample_city.world import person_names
from sample_city.world.numbers import ORDERS, Shuffle, fraction, resident_number
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY, HAN, OTHER_ETHNICITIES, Person, Setting, past_time

FIRST_NO = 9_000_000
SHARE = 0.08  # share of the registered population
REGIONS = tuple(f"4499{n}" for n in range(42, 50))  # regions in no local's identity number
CARD = "hong_kong_macao_taiwan"
SPECIAL = (CARD, "region_padded", "moved_without_cancel", "endorsement_expired")
OLD_PERMIT = ("id_check_digit", "birth_date_contradicts_id", "unknown_status", "required_empty", "issued_before_arrival")
KINDS = (*SPECIAL, *OLD_PERMIT)  # the OLD_PERMIT kinds hold a correct permit and an older one with a defect
AT_LEAST = 4  # ordinary migrants in the smallest city


@dataclass(frozen=True)
class Turn:
    """An event of a migrant: a move within the city, an endorsement of the permit, or a departure."""

    no: int
    turn: int
    kind: str
    happened: date


class Migrants:
    """The non-local people of a city, numbered from `FIRST_NO` on."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.each = quota(setting.people)
        self.special = self.each * len(KINDS)
        self.count = max(round(setting.people * SHARE), self.special + AT_LEAST)
        self.numbers = range(FIRST_NO, FIRST_NO + self.count)
        self._ordinary = self.count - self.special
        self._shuffle = Shuffle.of(self._ordinary, setting.seed, "migrants")
        self.turns_a_day = max(1, self.count // 150)

    def __iter__(self) -> Iterator[Person]:
        return map(self.at_first, self.numbers)

    def kind(self, no: int) -> str:
        """Return the special kind of a migrant; empty for ordinary ones."""
        n = no - FIRST_NO
        return KINDS[n // self.each] if n < self.special else ""

    def at_first(self, no: int) -> Person:
        """Return a migrant as they were before the first day."""
        n = no - FIRST_NO
        pair = n - n % 2 if n >= self.special and fraction(self.setting.seed, "together", n // 2) < 0.4 else n
        rng, home = self.setting.chance("migrant", n), self.setting.chance("migrant's home", pair)
        grid = self.setting.places.some_grid(home, self.setting.places.some_community(home))
        room = self.setting.houses.some_room(home, grid)
        gender = rng.choice("12")
        birth, id_no = self._card(n, gender) if self.kind(no) == CARD else self._number(n, rng.randint(1961, 2005), gender)
        return Person(
            no=no,
            id_no=id_no,
            person_name=person_names.full_name(rng, gender, person_names.surname(rng)),
            gender_code=gender,
            birth_date=birth,
            ethnicity_code=HAN if rng.random() < 0.9 else rng.choice(OTHER_ETHNICITIES),
            community="",
            region_code=f"{id_no[:6]}{rng.randint(1, 12):03d}000",
            address="",
            household_no="",
            head_id_no="",
            relation="",
            phone=person_names.phone(no),
            grid=grid,
            update_time=past_time(rng),
            trait=CARD if self.kind(no) == CARD else "",
            room=room.address_id,
            registered_room="",
        )

    def truth(self, no: int, day: date) -> Person:
        """Return a migrant as they really are at the end of a day."""
        person = self.at_first(no)
        for turn in self.turns(no, day):
            if turn.kind == "moved":
                person = self._moved(person, turn)
            elif turn.kind == "left":
                person = replace(person, left_on=turn.happened)
        return person

    def happened(self, day: date) -> list[Turn]:
        """Return the events of migrants on a day."""
        first = (day - FIRST_DAY).days * self.turns_a_day
        found = []
        for slot in range(max(0, first), max(0, first + self.turns_a_day)):
            no = FIRST_NO + self.special + self._shuffle.at(slot)
            found += [turn for turn in self.turns(no, day) if turn.happened == day and turn.turn == slot // self._ordinary]
        return found

    def changed(self, day: date) -> list[Person]:
        """Return the migrants whose truth changed on a day, as they are at its end."""
        return [self.truth(no, day) for no in sorted({turn.no for turn in self.happened(day)})]

    def turns(self, no: int, day: date) -> Iterator[Turn]:
        """Yield the events of a migrant up to a day, in order."""
        if no < FIRST_NO + self.special:
            return
        position, turn, kind = self._shuffle.position(no - FIRST_NO - self.special), 0, ""
        while kind != "left":
            happened = FIRST_DAY + timedelta(days=(position + turn * self._ordinary) // self.turns_a_day)
            if happened > day:
                return
            draw = fraction(self.setting.seed, "migrant's turn", no, turn)
            kind = "moved" if draw < 0.45 else "endorsed" if draw < 0.75 else "left"
            yield Turn(no, turn, kind, happened)
            turn += 1

    def _moved(self, person: Person, turn: Turn) -> Person:
        rng = self.setting.chance("migrant moves", turn.no, turn.turn)
        grid = self.setting.places.some_grid(rng, self.setting.places.some_community(rng))
        return replace(person, grid=grid, room=self.setting.houses.some_room(rng, grid).address_id)

    def _number(self, n: int, year: int, gender: str) -> tuple[date, str]:
        """Return a birth date and an identity number that no other migrant has."""
        region, rest = divmod(n * 487 % (365 * ORDERS * len(REGIONS)), 365 * ORDERS)
        days, order = divmod(rest, ORDERS)
        birth = date(year, 1, 1) + timedelta(days=days)
        return birth, resident_number(REGIONS[region], birth, 2 * order + (gender == "1"))

    @staticmethod
    def _card(n: int, gender: str) -> tuple[date, str]:
        """Return birth date and number of a residence card of Hong Kong, Macao or Taiwan; locals with one were born before 2000."""
        birth = date(2000, 1, 1) + timedelta(days=n * 7 % 1800)
        return birth, resident_number(f"8{1 + n % 3}0000", birth, 2 + (gender == "1"))
