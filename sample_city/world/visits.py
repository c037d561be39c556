"""The visits of the grid centre's checkers: those of the 180 days before the first day, then a round of people every day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import chain

from sample_city.world.lives import Lives
from sample_city.world.numbers import Shuffle, fraction
from sample_city.world.oddities import ODD, SEEN_ODD
from sample_city.world.people import FIRST_DAY, Person

SEED_DATE = FIRST_DAY - timedelta(days=1)
SEED_DAYS = 180
PRESENT, GONE = "在住", "搬离"


@dataclass(frozen=True)
class Visit:
    """One visit: the person looked for at their known residence, and the result, empty if it is left to chance."""

    person: Person
    moment: datetime
    kind: str = ""  # kind of its label
    result: str = ""


class Visits:
    """The visits of a city."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self._shuffle = Shuffle.of(lives.setting.people, lives.setting.seed, "checks")
        self.visits_a_day = max(8, lives.setting.people // 300)

    def before_first(self) -> Iterator[list[Visit]]:
        """Yield each person's visits of the 180 days before the first day: two in three people have one, some two."""
        return (list(self._before_first(person)) for person in chain(self.lives.everybody(), self.lives.migrants))

    def on(self, day: date) -> Iterator[Visit]:
        """Yield the visits of a day: a round of people, and the people who have just moved."""
        first = (day - FIRST_DAY).days * self.visits_a_day
        for slot in range(first, first + self.visits_a_day):
            yield Visit(self.lives.truth(self._shuffle.at(slot), day), self.moment("round", slot, day))
        for event in self.lives.happened(day):
            if event.kind == "relocated":
                yield from self._relocation(event.no, day)

    def one_more(self, kind: str, number: int, day: date) -> Visit:
        """Return one more visit to an ordinary person, in the evening."""
        lives, first = self.lives, self.lives.oddities.count
        no = first + int(fraction(self.setting.seed, kind, number, day) * (self.setting.people - first))
        moment = self.moment(kind, number, day) + timedelta(hours=12)
        moment = min(moment, datetime.combine(day, time(23, 59)) - timedelta(seconds=number % 50))
        return Visit(lives.truth(no, day), moment, kind, PRESENT)

    def burst(self) -> Iterator[Visit]:
        """Yield hundreds of visits that one checker recorded within a minute."""
        minute = datetime.combine(FIRST_DAY - timedelta(days=20), time(17, 5))
        size = max(120, min(240, self.setting.people // 80))
        first = self.lives.oddities.count
        for n in range(size):
            person = self.lives.populace.person(first + n % (self.setting.people - first))
            yield Visit(person, minute + timedelta(seconds=n % 60), "burst", PRESENT)

    def moment(self, purpose: str, number: int, day: date) -> datetime:
        """Return a moment between 8:00 and 20:00."""
        rng = self.setting.chance("moment", purpose, number)
        return datetime.combine(day, time(8)) + timedelta(seconds=rng.randrange(12 * 3600))

    def _before_first(self, person: Person) -> Iterator[Visit]:
        draw = fraction(self.setting.seed, "checked", person.no)
        if draw > 0.66 and person.trait not in ODD:
            return
        kind = person.trait if person.trait in SEEN_ODD else ""
        days_ago = int(fraction(self.setting.seed, "when", person.no) * SEED_DAYS)
        moment = self.moment("seed", person.no, SEED_DATE - timedelta(days=days_ago))
        if draw < 0.05 and not kind and days_ago < SEED_DAYS - 40:
            yield Visit(self._elsewhere(person), moment - timedelta(days=30))
        if 0.05 < draw < 0.07 and not kind:
            person = self._elsewhere(person)  # they have moved since, and the grid centre does not know it
        yield Visit(person, moment, kind)

    def _elsewhere(self, person: Person) -> Person:
        rng = self.setting.chance("before", person.no)
        room = self.setting.houses.some_room(rng, self.setting.places.some_grid(rng, self.setting.places.some_community(rng)))
        return replace(person, grid=room.grid, room=room.address_id)

    def _relocation(self, no: int, day: date) -> Iterator[Visit]:
        """Yield the visits after a move: the person is not found at the old residence and, for most, is met at the new one."""
        before = self.lives.truth(no, day - timedelta(days=1))
        moment = datetime.combine(day, time(8, 30)) + timedelta(seconds=no % 1800)
        yield Visit(before, moment, result=GONE)
        if fraction(self.setting.seed, "met", no, day) < 0.8:
            yield Visit(self.lives.truth(no, day), moment + timedelta(hours=9))
