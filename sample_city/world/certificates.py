"""The holders of disability certificates (残疾人证): nine in ten people with the care allowance, one in 200 of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sample_city.world import person_names
from sample_city.world.allowances import draws_care_allowance
from sample_city.world.lives import Lives
from sample_city.world.numbers import Shuffle, fraction
from sample_city.world.people import Person, past_time

CATEGORIES, GRADES = "1234444567", "1223344"
GUARDED = "56"  # intellectual or mental disability


@dataclass(frozen=True)
class Certificate:
    """The content of a certificate."""

    category: str
    grade: str
    issued: date
    review_due: date
    guardian_name: str
    guardian_phone: str


class Certificates:
    """The certificates of a city's ordinary people."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self._shuffle = Shuffle.of(lives.setting.people - lives.oddities.count, lives.setting.seed, "certificates")

    def holds(self, person: Person) -> bool:
        """Return whether a person (as before any event) holds a certificate without a label."""
        return fraction(self.setting.seed, "certificate", person.no) < (0.9 if draws_care_allowance(self.setting, person) else 0.005)

    def holders(self) -> Iterator[Person]:
        """Yield all people who hold a certificate."""
        return (person for person in self.lives.populace if self.holds(person))

    def without(self, count: int) -> Iterator[Person]:
        """Yield `count` people who neither hold a certificate nor receive the care allowance."""
        position = 0
        while count:
            person = self.lives.populace.person(self.lives.oddities.count + self._shuffle.at(position))
            if not self.holds(person) and not draws_care_allowance(self.setting, person):
                yield person
                count -= 1
            position += 1

    def of(self, person: Person) -> Certificate:
        """Return the content of a person's certificate, or of the one they would have."""
        rng = self.setting.chance("certificate row", person.no)
        category, grade = rng.choice(CATEGORIES), rng.choice(GRADES)
        issued = self.updated(person).date() - timedelta(days=rng.randint(0, 300))
        guarded = category in GUARDED or rng.random() < 0.3
        due = issued + timedelta(days=10 * 365 + rng.randint(0, 5))
        name = person_names.full_name(rng, rng.choice("12"), person.person_name[0]) if guarded else ""
        return Certificate(category, grade, issued, due, name, person_names.phone(9_800_000 + rng.randrange(99_999)) if guarded else "")

    def updated(self, person: Person) -> datetime:
        """Return when a person's certificate was last changed before the first day."""
        moment = past_time(self.setting.chance("certified", person.no))
        return max(moment, datetime.combine(person.birth_date + timedelta(days=400), moment.time()))
