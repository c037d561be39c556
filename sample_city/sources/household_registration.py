"""Returns the rows of the population register (table household_registration): the first load and the changes of a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sample_city.sources.labels import HOUSEHOLD, Label, Outcome, row_sha256
from sample_city.world.lives import Lives
from sample_city.world.numbers import old_resident_number
from sample_city.world.oddities import LATE, ODD, REPAIRED
from sample_city.world.people import FIRST_DAY, Person, office_time
from sample_city.sources.table_source import Change, Row, Table

COLUMNS = (
    "id_no", "person_name", "former_name", "gender_code", "birth_date", "ethnicity_code", "hukou_region_code", "hukou_address",
    "household_no", "head_id_no", "relation_to_head_code", "register_type", "move_in_date", "move_out_date", "cancel_reason",
    "cancel_date", "update_time",
)  # fmt: skip
TABLE = Table("household_registration", COLUMNS, "id_no")
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "id_check_digit": ("quarantined", "resident_id"),
    "gender_contradicts_id": ("quarantined", "agrees_with_id"),
    "birth_date_contradicts_id": ("quarantined", "agrees_with_id"),
    "required_empty": ("quarantined", "required"),
    "abolished_region": ("warning", "place_current"),
    "id_15_digits": ("warning", "resident_id_15"),
    "relation_missing": ("warning", "required"),
    "same_key_and_position": ("superseded", None),
    "row_repeated": ("duplicate", None),
    "late_correction": ("recut", None),
    "late_death": ("recut", None),
    **dict.fromkeys(ODD, ("accepted", None)),
}


@dataclass(frozen=True)
class LateChange(Change):
    """A change that comes after a newer one; `kind` labels the older news."""

    kind: str = ""


def row_of(person: Person) -> Row:
    """Returns the row of a person as it ought to be."""
    gone = person.died_on or person.left_on
    values = (
        person.id_no, person.person_name, person.former_name, person.gender_code, person.birth_date.isoformat(), person.ethnicity_code,
        person.region_code.ljust(12, "0"), person.address, person.household_no, person.head_id_no, person.relation, person.register_type,
        _date(person.move_in_date), _date(person.left_on), "死亡" if person.died_on else "迁出" if person.left_on else "", _date(gone),
        person.update_time.isoformat(sep=" "),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _date(day: date | None) -> str:
    return day.isoformat() if day else ""


def _other_check_digit(row: Row, _: Person) -> Row:
    letters = "0123456789X"
    return {**row, "id_no": row["id_no"][:17] + letters[(letters.index(row["id_no"][17]) + 3) % 11]}


def _other_birth_date(row: Row, person: Person) -> Row:
    return {**row, "birth_date": (person.birth_date + timedelta(days=31)).isoformat()}


SPOILED: dict[str, Callable[[Row, Person], Row]] = {
    "lower_case_x": lambda row, _: {**row, "id_no": row["id_no"].lower()},
    "id_check_digit": _other_check_digit,
    "gender_contradicts_id": lambda row, _: {**row, "gender_code": "2" if row["gender_code"] == "1" else "1"},
    "birth_date_contradicts_id": _other_birth_date,
    "required_empty": lambda row, _: {**row, "person_name": ""},
    "id_15_digits": lambda row, _: {**row, "id_no": old_resident_number(row["id_no"])},
    "relation_missing": lambda row, _: {**row, "relation_to_head_code": ""},
}


class Register:
    """The register of a city, row by row."""

    table = TABLE

    def __init__(self, lives: Lives) -> None:
        self.lives = lives

    def first_load(self) -> Iterator[Row]:
        """Yields every row of the register as it stood before the first day."""
        for person in self.lives.oddities:
            yield from self._first_rows(person)
        yield from map(row_of, self.lives.populace)

    def first_labels(self) -> Iterator[Label]:
        """Yields the labels of the rows of the first load; they come with the delivery of the first day."""
        for person in self.lives.oddities:
            if person.trait and person.trait not in LATE:
                yield _label(self._first_rows(person)[0], person.trait, FIRST_DAY)

    def _first_rows(self, person: Person) -> list[Row]:
        row = SPOILED[person.trait](row_of(person), person) if person.trait in SPOILED else row_of(person)
        if person.trait == "row_repeated":
            return [row, row]
        if person.trait == "same_key_and_position":  # sorted by text the true room comes after the wrong one, so the last line is right
            return [{**row, "hukou_address": _one_room_less(row["hukou_address"])}, row]
        return [row]

    def changes(self, day: date) -> list[Change]:
        """Returns the changes of a day."""
        found = [Change(row_of(self.lives.registered(event.no, day)), self._number(event.no)) for event in self.lives.recorded(day)]
        found += [Change(row_of(person)) for person in self.lives.newcomers(day)]
        return [*found, *self._repairs(day), *self._primed(day), *self._late(day)]

    def labels(self, day: date) -> list[Label]:
        """Returns the labels of the rows that first come with a day's delivery."""
        return [_label(change.row, change.kind, day) for change in self._late(day) if change.kind]

    def _number(self, no: int) -> str:
        return self.lives.at_first(no).id_no

    def _repairs(self, day: date) -> Iterator[Change]:
        """Yields rows put right at the source: one a day of each kind that was quarantined, from the second day on."""
        number = (day - FIRST_DAY).days - 1
        for kind in REPAIRED:
            if 0 <= number < self.lives.oddities.units[kind]:
                person = self.lives.at_first(self.lives.oddities.number_of(kind, number))
                wrong = self._first_rows(person)[0]["id_no"]
                yield Change(row_of(replace(person, update_time=self._moment(person, day))), wrong)

    def _primed(self, day: date) -> Iterator[Change]:
        """Yields ordinary changes of the people about whom older news will follow on the next day."""
        for person in self._late_people(day, 0):
            yield Change(row_of(self._moved_within(person, day)), person.id_no)

    def _late(self, day: date) -> Iterator[LateChange]:
        """Yields older news about the people changed the day before; a death also replaces the row."""
        for person in self._late_people(day, 1):
            before = self._moment(person, day - timedelta(days=2))
            if person.trait == "late_correction":
                text = self._moved_within(person, day - timedelta(days=2)).address
                yield LateChange(row_of(replace(person, address=text, update_time=before)), None, person.trait)
                continue
            died = self.lives.late_death(person.no)
            now = replace(self._moved_within(person, day - timedelta(days=1)), died_on=died, update_time=self._moment(person, day))
            yield LateChange(row_of(now), person.id_no, "")
            yield LateChange(row_of(replace(person, died_on=died, update_time=before)), None, person.trait)

    def _late_people(self, day: date, step: int) -> Iterator[Person]:
        for kind in LATE:
            for number in range(self.lives.oddities.units[kind]):
                if self.lives.late_days(number)[step] == day:
                    yield self.lives.at_first(self.lives.oddities.number_of(kind, number))

    def _moved_within(self, person: Person, day: date) -> Person:
        rng, setting = self.lives.setting.chance("address", person.no, day), self.lives.setting
        room = setting.houses.some_room(rng, setting.places.some_grid(rng, person.community))
        text = room.text(rng, setting.places, spoiled=False)
        return replace(person, address=text, update_time=self._moment(person, day))

    def _moment(self, person: Person, day: date) -> datetime:
        return office_time(self.lives.setting.chance("moment", person.no, day), day)


def _one_room_less(address: str) -> str:
    room = int(address[-3:-1])
    return f"{address[:-3]}{room - 1:02d}房"


def _label(row: Row, kind: str, day: date) -> Label:
    outcome, rule = OUTCOMES[kind]
    name = row_sha256(list(row.values()))
    return Label(resource=HOUSEHOLD, business_date=day.isoformat(), kind=kind, outcome=outcome, rule=rule, row_sha256=name)
