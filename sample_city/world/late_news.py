"""Late news and corrections of the population register: older states of people whose row has changed since, and repaired rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sample_city.world.lives import Lives
from sample_city.world.oddities import LATE, REPAIRED
from sample_city.world.people import FIRST_DAY, Person, office_time


@dataclass(frozen=True)
class News:
    """A person as reported late to the register; a `kind` marks an older state, which replaces no row."""

    person: Person
    kind: str = ""


class LateNews:
    """The late news and corrections of a city."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting

    def repaired(self, day: date) -> Iterator[tuple[Person, Person]]:
        """Yield corrected people as (before, now): one a day of each quarantined kind, from the second day on."""
        number = (day - FIRST_DAY).days - 1
        for kind in REPAIRED:
            if 0 <= number < self.lives.oddities.units[kind]:
                person = self.lives.at_first(self.lives.oddities.number_of(kind, number))
                yield person, replace(person, update_time=self._moment(person, day))

    def primed(self, day: date) -> Iterator[Person]:
        """Yield people with an ordinary change about whom an older state follows on the next day."""
        return (self._moved_within(person, day) for person in self._late_people(day, 0))

    def late(self, day: date) -> Iterator[News]:
        """Yield older states of the people changed the day before; before a late death comes their present state."""
        for person in self._late_people(day, 1):
            before = self._moment(person, day - timedelta(days=2))
            if person.trait == "late_correction":
                text = self._moved_within(person, day - timedelta(days=2)).address
                yield News(replace(person, address=text, update_time=before), person.trait)
                continue
            died = self.lives.late_death(person.no)
            now = self._moved_within(person, day - timedelta(days=1))
            yield News(replace(now, died_on=died, update_time=self._moment(person, day)))
            yield News(replace(person, died_on=died, update_time=before), person.trait)

    def _late_people(self, day: date, step: int) -> Iterator[Person]:
        for kind in LATE:
            for number in range(self.lives.oddities.units[kind]):
                if self.lives.late_days(number)[step] == day:
                    yield self.lives.at_first(self.lives.oddities.number_of(kind, number))

    def _moved_within(self, person: Person, day: date) -> Person:
        rng = self.setting.chance("address", person.no, day)
        room = self.setting.houses.some_room(rng, self.setting.places.some_grid(rng, person.community))
        text = room.text(rng, self.setting.places, spoiled=False)
        return replace(person, address=text, update_time=self._moment(person, day))

    def _moment(self, person: Person, day: date) -> datetime:
        return office_time(self.setting.chance("moment", person.no, day), day)
