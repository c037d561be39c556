"""Deliver the population register: the table household_registration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sample_city.sources.defects import Defect, Labelled, Occasion, Row, declared, odd_people
from sample_city.sources.spoiling import changed, check_digit, days_later, emptied
from sample_city.sources.table_source import Change, Table, TableSource
from sample_city.world.late_news import LateNews
from sample_city.world.lives import Lives
from sample_city.world.numbers import old_resident_number
from sample_city.world.oddities import LATE
from sample_city.world.people import Person


def _one_room_less(row: Row, _: Occasion) -> Row:
    """Change the room to a wrong one that sorts before the true one as text, so that the last line is the right one."""
    address = row["hukou_address"]
    return {**row, "hukou_address": f"{address[:-3]}{int(address[-3:-1]) - 1:02d}房"}


class HouseholdRegistration(TableSource):
    """The rows of the city's population register."""

    code = "c_household_registration"
    columns = (
        "id_no", "person_name", "former_name", "gender_code", "birth_date", "ethnicity_code", "hukou_region_code", "hukou_address",
        "household_no", "head_id_no", "relation_to_head_code", "register_type", "move_in_date", "move_out_date", "cancel_reason",
        "cancel_date", "update_time",
    )  # fmt: skip
    table = Table("household_registration", columns, "id_no")
    defects = declared(
        Defect("id_check_digit", "quarantined", "resident_id", check_digit("id_no", 3)),
        Defect("gender_contradicts_id", "quarantined", "agrees_with_id", changed("gender_code", lambda code: "2" if code == "1" else "1")),
        Defect("birth_date_contradicts_id", "quarantined", "agrees_with_id", days_later("birth_date", 31)),
        Defect("required_empty", "quarantined", "required", emptied("person_name")),
        Defect("abolished_region", "warning", "place_current"),  # the registration itself has the defect
        Defect("id_15_digits", "warning", "resident_id_15", changed("id_no", old_resident_number)),
        Defect("relation_missing", "warning", "required", emptied("relation_to_head_code")),
        Defect("same_key_and_position", "superseded", spoil=_one_room_less),
        Defect("row_repeated", "duplicate"),
        Defect("late_correction", "recut"),
        Defect("late_death", "recut"),
        *odd_people(lower_case_x=changed("id_no", str.lower)),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self._news = LateNews(lives)

    def special_rows(self) -> Iterator[Labelled]:
        """Yield the rows of the special people, each with the kind of its label."""
        for person in self.lives.oddities:
            kind = "" if person.trait in LATE else person.trait
            yield self._first_row(person), kind
            if kind in ("row_repeated", "same_key_and_position"):
                yield self._row(person), ""

    def ordinary_rows(self) -> Iterator[Row]:
        """Yield the rows of everybody else."""
        return map(self._row, self.lives.populace)

    def ordinary_changes(self, day: date) -> Iterator[Change]:
        """Yield the events recorded on a day, newcomers, and corrected rows."""
        for event in self.lives.recorded(day):
            yield Change(self._row(self.lives.registered(event.no, day)), self.lives.at_first(event.no).id_no)
        for person in self.lives.newcomers(day):
            yield Change(self._row(person))
        for before, now in self._news.repaired(day):
            yield Change(self._row(now), self._first_row(before)["id_no"])
        for person in self._news.primed(day):
            yield Change(self._row(person), person.id_no)

    def special_changes(self, day: date) -> Iterator[Change]:
        """Yield late rows with older states of the people changed the day before; they are added and replace nothing."""
        for news in self._news.late(day):
            yield Change(self._row(news.person), None if news.kind else news.person.id_no, news.kind)

    def _first_row(self, person: Person) -> Row:
        return self.spoiled(self._row(person), person.trait)

    def _row(self, person: Person) -> Row:
        gone = person.died_on or person.left_on
        return self.row(
            person.id_no, person.person_name, person.former_name, person.gender_code, person.birth_date.isoformat(), person.ethnicity_code,
            person.region_code.ljust(12, "0"), person.address, person.household_no, person.head_id_no, person.relation,
            person.register_type, _date(person.move_in_date), _date(person.left_on),
            "死亡" if person.died_on else "迁出" if person.left_on else "", _date(gone), person.update_time.isoformat(sep=" "),
        )  # fmt: skip


def _date(day: date | None) -> str:
    return day.isoformat() if day else ""
