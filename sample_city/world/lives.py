"""Events of people's lives (births, deaths, moves, corrections), computed from the seed, the person's number and the date.

No state is stored: a shuffle decides which ordinary people have an event on which day, so a day concerns only them, and the state of
any person on any date can be computed at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sample_city.world import person_names
from sample_city.world.migrants import Migrants
from sample_city.world.numbers import Shuffle, fraction, resident_number
from sample_city.world.oddities import Oddities, quota
from sample_city.world.people import FIRST_DAY, HAN, Person, Populace, Setting, office_time, some_home

REGISTERED = ("renamed", "address_corrected", "rehoused", "left", "died")  # kinds of events that are recorded in the register
FINAL = ("left", "died")
OFTEN_FINAL = 0.8  # draws above this value may be a death or a departure
LONGEST_DELAY = 4  # days from a death or departure to its registration
COMPOUND = ("欧阳", "司徒", "上官", "诸葛")


@dataclass(frozen=True)
class Event:
    """An event in a person's life, with the date it happened and the date it was recorded in the register."""

    no: int
    turn: int  # 0 for the person's first event, 1 for the second, …
    kind: str
    happened: date
    recorded: date


class Lives:
    """All people of the city on any date: as they really are (`truth`) and as in the register (`registered`)."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.oddities = Oddities(setting)
        self.populace = Populace(setting, self.oddities.count)
        self.migrants = Migrants(setting)
        self._ordinary = setting.people - self.oddities.count
        self._shuffle = Shuffle.of(self._ordinary, setting.seed, "events")
        self.events_a_day = max(6, setting.people // 220)
        self.births_a_day = max(1, round(setting.people * 4 / 20_000))
        self.newcomers_a_day = self.births_a_day + max(1, round(setting.people * 3 / 20_000))

    def everybody(self) -> Iterator[Person]:
        """Yield everybody registered in the city as they were before any event, special people first."""
        yield from self.oddities
        yield from self.populace

    def at_first(self, no: int) -> Person:
        """Return the person as they were before any event."""
        if no < self.oddities.count:
            return self.oddities.person(no)
        if no < self.setting.people:
            return self.populace.person(no)
        day, n = divmod(no - self.setting.people, self.newcomers_a_day)
        return self.newcomer(FIRST_DAY + timedelta(days=day), n)

    def truth(self, no: int, day: date) -> Person:
        """Return the person as they really are at the end of a day."""
        return self.truth_of(self.at_first(no), day)

    def truth_of(self, person: Person, day: date) -> Person:
        """Return the person (given as before any event) as they really are at the end of a day."""
        for event in self._events(person.no, day):
            person = self._apply(person, event)
        if person.trait == "late_death" and day >= (died := self.late_death(person.no)):
            return replace(person, died_on=died)
        return person

    def registered(self, no: int, day: date) -> Person:
        """Return the person as they should be in the register at the end of a day."""
        return self.registered_of(self.at_first(no), day)

    def registered_of(self, person: Person, day: date) -> Person:
        """Return the person (given as before any event) as they should be in the register at the end of a day."""
        for event in self._events(person.no, day):
            if event.recorded <= day and event.kind in REGISTERED:
                person = self._apply(person, event)
        return person

    def recorded(self, day: date) -> list[Event]:
        """Return the events of ordinary people that are recorded in the register on a day."""
        first = (day - FIRST_DAY).days * self.events_a_day
        found = []
        for slot in range(first, first + self.events_a_day):
            no = self.oddities.count + self._shuffle.at(slot)
            turn = slot // self._ordinary
            found += [event for event in self._events(no, day) if event.turn == turn and event.kind in REGISTERED]
        return found

    def happened(self, day: date) -> list[Event]:
        """Return the events of ordinary people that really happen on a day."""
        found = []
        for ahead in range(LONGEST_DELAY + 1):
            first = ((day - FIRST_DAY).days + ahead) * self.events_a_day
            for slot in range(max(0, first), max(0, first + self.events_a_day)):
                no = self.oddities.count + self._shuffle.at(slot)
                turn = slot // self._ordinary
                found += [event for event in self._events(no, day) if event.turn == turn and event.happened == day]
        return found

    def newcomers(self, day: date) -> list[Person]:
        """Return the newborn and the people who move to the city and are registered on a day."""
        return [self.newcomer(day, n) for n in range(self.newcomers_a_day)]

    def newcomer(self, day: date, n: int) -> Person:
        """Return the n-th newcomer of a day: the newborn first."""
        no = self.setting.people + (day - FIRST_DAY).days * self.newcomers_a_day + n
        return self._newborn(no, day, n) if n < self.births_a_day else self._arrival(no, day, n - self.births_a_day)

    def _events(self, no: int, day: date) -> Iterator[Event]:
        """Yield a person's events up to a day, in order."""
        if not self.oddities.count <= no < self.setting.people:
            return
        position = self._shuffle.position(no - self.oddities.count)
        turn, ended = 0, False
        while not ended:
            recorded = FIRST_DAY + timedelta(days=(position + turn * self._ordinary) // self.events_a_day)
            draw = fraction(self.setting.seed, "kind", no, turn)
            longest = LONGEST_DELAY if draw > OFTEN_FINAL else 0
            if recorded - timedelta(days=longest) > day:
                return
            kind = self._kind(no, draw)
            delay = int((LONGEST_DELAY + 1) * fraction(self.setting.seed, "delay", no, turn)) if kind in FINAL else 0
            event = Event(no, turn, kind, recorded - timedelta(days=delay), recorded)
            if event.happened <= day:
                yield event
            ended = kind in FINAL
            turn += 1

    def _kind(self, no: int, draw: float) -> str:
        person = self.populace.person(no)
        age = FIRST_DAY.year - person.birth_date.year
        if draw < 0.3:
            return "relocated"
        if draw < 0.5:
            return "renamed"
        if 0.65 < draw <= OFTEN_FINAL and age >= 18 and person.relation != "0":
            return "rehoused"
        if OFTEN_FINAL < draw <= 0.9 and age >= 18 and person.relation != "0":
            return "left"
        return "died" if draw > 0.9 and age >= 60 else "address_corrected"

    def late_death(self, no: int) -> date:
        """Return the date of death of a person whose death is recorded late."""
        return self.late_days(self.oddities.place(no).number)[0] - timedelta(days=2)

    def late_days(self, number: int) -> tuple[date, date]:
        """Return, for a person of the late kinds, the day their row is changed and the day the older row about them follows."""
        after = max(0, number - quota(self.setting.people) + 1)
        return FIRST_DAY + timedelta(days=after), FIRST_DAY + timedelta(days=after + 1)

    def _apply(self, person: Person, event: Event) -> Person:
        rng, places = self.setting.chance("event", event.no, event.turn), self.setting.places
        changed = replace(person, update_time=office_time(rng, event.recorded))
        if event.kind == "relocated":
            room = self.setting.houses.some_room(rng, places.some_grid(rng, places.some_community(rng)))
            return replace(person, grid=room.grid, room=room.address_id)
        if event.kind == "renamed":
            while (name := person_names.full_name(rng, person.gender_code, family_of(person))) == person.person_name:
                continue
            return replace(changed, former_name=person.person_name, person_name=name)
        if event.kind == "address_corrected":
            room = self.setting.houses.room(person.registered_room)
            return replace(changed, region_code=person.community, address=room.text(rng, places, spoiled=False))
        if event.kind == "rehoused":
            return self._rehoused(changed, event)
        return replace(changed, died_on=event.happened) if event.kind == "died" else replace(changed, left_on=event.happened)

    def _rehoused(self, person: Person, event: Event) -> Person:
        rng, places = self.setting.chance("rehoused", event.no, event.turn), self.setting.places
        home = some_home(rng, self.setting, f"{300_000_000 + 3_000_000 * (event.turn % 100) + event.no}")
        at_home = places.community_of(person.grid) == person.community
        return replace(
            person,
            community=home.community,
            region_code=home.region_code,
            address=home.address,
            household_no=home.household_no,
            head_id_no=person.id_no,
            relation="0",
            move_in_date=event.recorded,
            grid=home.grid if at_home else person.grid,
            room=home.room if at_home else person.room,
            registered_room=home.registered_room,
        )

    def _newborn(self, no: int, day: date, n: int) -> Person:
        rng = self.setting.chance("newborn", day, n)
        mother, gender = self._mother(day, n), rng.choice("12")
        birth = day - timedelta(days=3 + n % 5)
        id_no = resident_number(f"4499{80 + n % 5}", birth, 2 * (n // 5) + (gender == "1"))
        return replace(
            mother,
            no=no,
            id_no=id_no,
            person_name=person_names.full_name(rng, gender, family_of(self.populace.household_of(mother.no)[0])),
            former_name="",
            gender_code=gender,
            birth_date=birth,
            relation="2" if gender == "1" else "3",
            phone=mother.phone,
            update_time=office_time(rng, day),
            move_in_date=None,
            mother=mother.no,
        )

    def _mother(self, day: date, n: int) -> Person:
        attempt = 0
        while True:
            no = self.oddities.count + int(fraction(self.setting.seed, "mother", day, n, attempt) * self._ordinary)
            woman = self.populace.person(no)
            if woman.gender_code == "2" and woman.relation in "01" and 21 <= day.year - woman.birth_date.year <= 44 + attempt // 500:
                known = self.registered(no, day - timedelta(days=1))
                if known.is_present and self.truth(no, day).is_present:
                    lives_in = self.truth(no, day)
                    return replace(known, grid=lives_in.grid, room=lives_in.room)
            attempt += 1

    def _arrival(self, no: int, day: date, n: int) -> Person:
        rng = self.setting.chance("arrival", day, n)
        gender = rng.choice("12")
        serial = (day - FIRST_DAY).days * (self.newcomers_a_day - self.births_a_day) + n
        region, rest = divmod(serial, 365 * 500)
        days, order = divmod(rest, 500)
        birth = date(rng.randint(1972, 2003), 1, 1) + timedelta(days=days)
        id_no = resident_number(f"4499{85 + region % 10}", birth, 2 * order + (gender == "1"))
        home = some_home(rng, self.setting, f"{700_000_000 + no}")
        name = person_names.full_name(rng, gender, person_names.surname(rng))
        return Person(
            no, id_no, name, gender, birth, HAN, home.community, home.region_code, home.address, home.household_no, id_no, "0",
            person_names.phone(no), home.grid, home.room, home.registered_room, office_time(rng, day), move_in_date=day,
        )  # fmt: skip


def family_of(person: Person) -> str:
    """Return the family name of a person."""
    return person.person_name[: 2 if person.person_name.startswith(COMPOUND) else 1]
