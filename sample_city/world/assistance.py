"""The cases of social assistance (社会救助) of the sample city: who receives what, and how a case changes.

One in 33 people applied, if they head a household and own no company; a case is a function of its applicant. Others are planted:
situations the safety net must find, and rows with a defect (spoiled in `sample_city/sources/assistance_approval.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from sample_city.world.firms import Firms
from sample_city.world.lives import Event, Lives
from sample_city.world.numbers import Shuffle, fraction
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY, Person, office_time, past_time

STANDARD = 1206  # yuan a month per person
DESTITUTE, MINIMUM, MARGINAL, HARDSHIP, TEMPORARY = "特困供养", "最低生活保障", "低保边缘", "刚性支出困难", "临时救助"
RECEIVING, SUSPENDED = "在享", "停发"
PAID_AFTER_DEATH, TWO_HOUSEHOLDS, MOVED_OUT, OWNER = "is_paid_after_death", "is_in_two_households", "is_moved_out", "is_owning_enterprise"
LARGEST = 36  # planted cases per kind, the same for every city size
TURNS_BEGIN = FIRST_DAY + timedelta(days=1)
SPARE = 14  # heads of households per kind, for planted pairs and for rows with a defect
DAYS_AHEAD = 10  # number of days with planted departures
MONTH_END = date(2026, 6, 30)  # planted cases last at least this long


@dataclass(frozen=True)
class Case:
    """A case as it is after its last change."""

    case_no: str
    assistance_type: str
    applicant: Person
    members: tuple[Person, ...]
    community: str
    income: int  # yuan a month per member
    amount: int  # yuan a month for the whole household
    start_month: str
    end_month: str
    status: str
    review_due: date
    update_time: datetime


@dataclass(frozen=True)
class Planted:
    """A situation that the safety net must find, its first day, and the cases that cause it."""

    flag: str
    since: date
    cases: list[Case]

    @property
    def person(self) -> Person:
        """Return the person in the situation."""
        return self.cases[-1].members[-1]


class Cases:
    """The cases of a city, numbered in the order of their applicants in the shuffle."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self.each = min(LARGEST, quota(lives.setting.people))
        self._ordinary = lives.setting.people - lives.oddities.count
        self._asked = max(20, lives.setting.people // 33)
        self._shuffle = Shuffle.of(self._ordinary, lives.setting.seed, "assistance")
        self._firms = Firms(lives)
        self._order = Shuffle.of(self._asked, lives.setting.seed, "assistance changes")
        self.changes_a_day = max(6, self._asked // 25)

    def first(self) -> Iterator[Case]:
        """Yield every case as it was before the first day, the planted ones last."""
        for n in range(self._asked):
            if case := self._household_case(n):
                yield case
        for planted in self.planted():
            yield from planted.cases

    def changed(self, day: date) -> Iterator[Case]:
        """Yield the cases that change on a day, with their new content."""
        first = (day - TURNS_BEGIN).days * self.changes_a_day
        for slot in range(max(0, first), max(0, first + self.changes_a_day)):
            if case := self._case_on(self._order.at(slot), day):
                yield case

    def any_in(self, districts: set[str], day: date) -> Iterator[Case]:
        """Yield one case from each of the given districts, as reviewed on a day without a change."""
        wanted, start = set(districts), (day - FIRST_DAY).days * self.changes_a_day + self._asked // 2
        for n in range(self._asked):
            case = self._case_on(self._order.at(start + n), day) if wanted else None
            if case and (district := self.setting.places.district_of(case.community)) in wanted:
                wanted.discard(district)
                yield case

    def is_helped(self, person: Person) -> bool:
        """Return whether the household of an ordinary person (as before any event) has applied for assistance."""
        head = self.lives.populace.household_of(person.no)[0]
        return self._shuffle.position(head.no - self.lives.oddities.count) < self._asked

    def planted(self) -> Iterator[Planted]:
        """Yield the planted situations with their cases; the person concerned is the last member of the last case."""
        for n in range(self.each):
            dead = self.lives.oddities.number_of("late_death", n)
            yield Planted(PAID_AFTER_DEATH, self.lives.late_days(n)[1], [self.alone(self.lives.at_first(dead), f"B{n:04d}")])
        for n in range(self.each):
            both, other = self.spare[2 * n], self.spare[2 * n + 1]
            again = replace(self.alone(other, f"D{n:04d}"), members=(other, both))
            yield Planted(TWO_HOUSEHOLDS, FIRST_DAY, [self.alone(both, f"C{n:04d}"), again])
        for n, event in enumerate(self.leaving):
            yield Planted(MOVED_OUT, event.recorded, [self.alone(self.lives.at_first(event.no), f"E{n:04d}")])
        for n, person in enumerate(self.owners):
            yield Planted(OWNER, FIRST_DAY, [self.alone(person, f"F{n:04d}")])

    @cached_property
    def leaving(self) -> list[Event]:
        """Return the departures of the first days by ordinary people whose household has not applied for assistance."""
        days = (FIRST_DAY + timedelta(days=n) for n in range(DAYS_AHEAD))
        gone = (event for day in days for event in self.lives.recorded(day) if event.kind == "left")
        return [event for event in gone if not self.is_helped(self.lives.at_first(event.no))][: self.each]

    @cached_property
    def owners(self) -> list[Person]:
        """Return heads of households without an application who represent a company that stays active in the first month."""
        found: dict[int, Person] = {}
        for no in range(self._firms.count // 2, self._firms.count):
            if self._firms.at_first(no).kind or self._firms.truth(no, MONTH_END).status_code != "1":
                continue
            person = self.lives.at_first(self._firms.owner_no(no))
            if not self.is_helped(person) and self.lives.truth(person.no, MONTH_END).is_present:
                found[person.no] = person
            if len(found) == self.each:
                break
        return list(found.values())

    @cached_property
    def spare(self) -> list[Person]:
        """Return heads of households without an application, for planted pairs first and then for defects; company owners come last."""
        found: list[Person] = []
        owners: list[Person] = []
        for step in range(self._ordinary):
            person = self.lives.populace.person(self.lives.oddities.count + (self._ordinary // 3 + step) % self._ordinary)
            if person.relation == "0" and not self.is_helped(person):
                (owners if self._owns(person) else found).append(person)
            if len(found) == self.each * SPARE:
                break
        return (found + owners)[: self.each * SPARE]

    def _owns(self, head: Person) -> bool:
        return self._firms.is_owner(self.lives.populace.household_of(head.no))

    def alone(self, person: Person, number: str) -> Case:
        """Return the case of a person alone, as it was before the first day."""
        rng = self.setting.chance("assistance alone", number)
        income = rng.randint(100, 900)
        start = date(2025, 1 + rng.randrange(12), 1)
        return Case(
            f"JZ2025{number}", MINIMUM, person, (person,), person.community, income, STANDARD - income, f"{start:%Y-%m}", "", RECEIVING,
            FIRST_DAY + timedelta(days=rng.randint(30, 330)), max(past_time(rng), datetime.combine(start, datetime.min.time())),
        )  # fmt: skip

    def _household_case(self, n: int) -> Case | None:
        """Return the case of the n-th applicant as it was before the first day; None unless the person heads a household."""
        head = self.lives.populace.person(self.lives.oddities.count + self._shuffle.at(n))
        if head.relation != "0" or self._owns(head):
            return None
        rng = self.setting.chance("assistance", n)
        members = tuple(self.lives.populace.household_of(head.no))
        old = FIRST_DAY.year - head.birth_date.year >= 60
        kind = DESTITUTE if len(members) == 1 and old else rng.choices((MINIMUM, MARGINAL, HARDSHIP, TEMPORARY), (6, 2, 1, 1))[0]
        start = date(2024 + rng.randrange(2), 1 + rng.randrange(12), 1) if kind != TEMPORARY else date(2026, 5, 1)
        ended = kind != TEMPORARY and rng.random() < 0.1
        income = rng.randint(100, 1000)
        return Case(
            case_no=f"JZ{start.year}A{n:06d}",
            assistance_type=kind,
            applicant=head,
            members=members,
            community=head.community,
            income=income,
            amount=self._amount(kind, income, len(members)),
            start_month=f"{start:%Y-%m}",
            end_month="2026-04" if ended else "2026-07" if kind == TEMPORARY else "",
            status=SUSPENDED if ended else RECEIVING,
            review_due=FIRST_DAY + timedelta(days=rng.randint(40, 360)),
            update_time=max(past_time(rng), datetime.combine(start, datetime.min.time())),
        )

    def _case_on(self, n: int, day: date) -> Case | None:
        """Return the n-th case as written on a day: income is reviewed now and then, and one review in six suspends the case for good."""
        case, turn = self._household_case(n), self._order.position(n)
        while case and case.status == RECEIVING and (on := TURNS_BEGIN + timedelta(days=turn // self.changes_a_day)) <= day:
            draw = fraction(self.setting.seed, "assistance turn", n, turn)
            income = 100 + int(900 * draw)
            amount = self._amount(case.assistance_type, income, len(case.members))
            case = replace(case, income=income, amount=amount, review_due=on + timedelta(days=180 + int(180 * draw)))
            if draw < 1 / 6:
                case = replace(case, status=SUSPENDED, end_month=f"{on:%Y-%m}")
            turn += self._asked
        return replace(case, update_time=self._moment(n, day)) if case else None

    def _amount(self, kind: str, income: int, size: int) -> int:
        each = {DESTITUTE: 1930, MINIMUM: STANDARD - income, MARGINAL: 200, HARDSHIP: 350, TEMPORARY: 800}[kind]
        return each * size

    def _moment(self, no: int, day: date) -> datetime:
        return office_time(self.setting.chance("assistance moment", no, day), day)
