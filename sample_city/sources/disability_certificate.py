"""Returns the rows of the disability certificates (table api_disability_certificate): the first load and the changes of a day.

Nine in ten of those who draw the care allowance hold one, and one in two hundred of the others. The API that serves them fails
throughout its first run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sample_city.world import person_names
from sample_city.sources.elderly_service_list import OLD, age_on, service_of
from sample_city.sources.labels import Label, Outcome, row_sha256
from sample_city.world.lives import Lives
from sample_city.world.numbers import Shuffle, fraction, resident_check
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY, Person, Setting, office_time, past_time
from sample_city.sources.table_source import Change, Fault, Row, Table

CERTIFICATE = "p_disability_certificate"
CARE = "护理补贴"
COLUMNS = (
    "disability_cert_no", "id_no", "person_name", "disability_category", "disability_grade", "issue_date", "next_review_date",
    "cert_status", "hukou_region_code", "guardian_name", "guardian_phone", "update_time",
)  # fmt: skip
TABLE = Table("api_disability_certificate", COLUMNS, "disability_cert_no")
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "number_contradicts_id": ("quarantined", "equals_part"),
    "grade_zero": ("quarantined", "domain"),
    "unknown_category": ("quarantined", "domain"),
    "review_before_issue": ("warning", "compare"),
    "guardian_phone_missing": ("warning", "required_when"),
    "cancelled_certificate": ("accepted", None),
    "no_review_date": ("accepted", None),
}
KINDS = tuple(OUTCOMES)
FAULTS: list[Fault] = [("/disability-certificates", FIRST_DAY, "error_500")]
FIRST_DELIVERY = FIRST_DAY + timedelta(days=1)  # the first day's run meets the fault
CATEGORIES = "1234444567"
ACTIVE, CANCELLED = "正常", "注销"


class Certificates:
    """The certificates of a city, row by row. Special rows belong to ordinary people who would hold none."""

    table = TABLE

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self._each = quota(lives.setting.people)
        self._shuffle = Shuffle.of(lives.setting.people - lives.oddities.count, lives.setting.seed, "certificates")

    def first_load(self) -> Iterator[Row]:
        """Yields every row as it stood before the first day."""
        yield from (row for row, _ in self._special())
        yield from (self.first_row(person) for person in self.lives.populace if self.holds(person))

    def first_labels(self) -> Iterator[Label]:
        """Yields nothing: the first day's run fails, so no row comes with it."""
        return iter(())

    def changes(self, day: date) -> list[Change]:
        """Returns the changes of a day: certificates of those who died or left are cancelled, the names of the renamed put right."""
        found = []
        for event in self.lives.recorded(day):
            person = self.lives.at_first(event.no)
            if self.holds(person):
                known = self.lives.registered(event.no, day)
                status = ACTIVE if known.is_present else CANCELLED
                changed = self._row(replace(person, person_name=known.person_name), status, self._moment(event.no, day))
                found.append(Change(changed, changed[TABLE.key]))
        return found

    def labels(self, day: date) -> Iterator[Label]:
        """Yields the labels of the rows that first come with a day's delivery: all defects lie in the first load."""
        for row, kind in self._special() if day == FIRST_DELIVERY else ():
            outcome, rule = OUTCOMES[kind]
            yield Label(
                resource=CERTIFICATE, business_date=day.isoformat(), kind=kind, outcome=outcome, rule=rule,
                row_sha256=row_sha256(list(row.values())),
            )  # fmt: skip

    def holds(self, person: Person) -> bool:
        """Returns whether an ordinary person (as before any event) holds a certificate without anything special about it."""
        return fraction(self.setting.seed, "certificate", person.no) < (0.9 if draws_care_allowance(self.setting, person) else 0.005)

    def _special_people(self) -> Iterator[Person]:
        wanted, position = self._each * len(KINDS), 0
        while wanted:
            person = self.lives.populace.person(self.lives.oddities.count + self._shuffle.at(position))
            if not self.holds(person) and not draws_care_allowance(self.setting, person):
                yield person
                wanted -= 1
            position += 1

    def _special(self) -> Iterator[tuple[Row, str]]:
        for n, person in enumerate(self._special_people()):
            kind = KINDS[n // self._each]
            yield SPOILED[kind](self.first_row(person)), kind

    def first_row(self, person: Person) -> Row:
        """Returns the row of a holder (as before any event) as it stood before the first day."""
        return self._row(person, ACTIVE, self._first_update(person))

    def _row(self, person: Person, status: str, update_time: datetime) -> Row:
        rng = self.setting.chance("certificate row", person.no)
        category, grade = rng.choice(CATEGORIES), rng.choice("1223344")
        issued = self._first_update(person).date() - timedelta(days=rng.randint(0, 300))
        guarded = category in "56" or rng.random() < 0.3
        values = (
            f"{person.id_no}{category}{grade}", person.id_no, person.person_name, category, grade, issued.isoformat(),
            (issued + timedelta(days=10 * 365 + rng.randint(0, 5))).isoformat(), status, person.community[:6],
            person_names.full_name(rng, rng.choice("12"), person.person_name[0]) if guarded else "",
            person_names.phone(9_800_000 + rng.randrange(99_999)) if guarded else "", update_time.isoformat(sep=" "),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    def _first_update(self, person: Person) -> datetime:
        moment = past_time(self.setting.chance("certified", person.no))
        return max(moment, datetime.combine(person.birth_date + timedelta(days=400), moment.time()))

    def _moment(self, no: int, day: date) -> datetime:
        return office_time(self.setting.chance("certificate", no, day), day)


def draws_care_allowance(setting: Setting, person: Person) -> bool:
    """Returns whether somebody is on the streets' lists with the care allowance in the first month."""
    age = age_on(person.birth_date, FIRST_DAY)
    return age >= OLD and service_of(setting, person.no, age) == CARE


def _without_guardians_phone(row: Row) -> Row:
    number = row[TABLE.key]
    named = {"guardian_name": row["guardian_name"] or f"{row['person_name'][0]}国华", "guardian_phone": ""}
    return {**row, TABLE.key: f"{number[:18]}5{number[19:]}", "disability_category": "5", **named}


def _other_number(row: Row) -> Row:
    number = row[TABLE.key]
    first = f"{number[:14]}{(int(number[14:17]) + 2) % 1000:03d}"
    return {**row, TABLE.key: f"{first}{resident_check(first)}{number[18:]}"}


SPOILED: dict[str, Callable[[Row], Row]] = {
    "number_contradicts_id": _other_number,
    "grade_zero": lambda row: {**row, "disability_grade": "0"},
    "unknown_category": lambda row: {**row, "disability_category": "8"},
    "review_before_issue": lambda row: {**row, "next_review_date": f"{int(row['issue_date'][:4]) - 1}-06-15"},
    "guardian_phone_missing": _without_guardians_phone,
    "cancelled_certificate": lambda row: {**row, "cert_status": CANCELLED},
    "no_review_date": lambda row: {**row, "next_review_date": ""},
}
