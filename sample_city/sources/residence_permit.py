"""Returns the rows of the residence permits (table api_residence_permit): the first load and the changes of a day.

Holders are the migrants and, of the locals who live away from their registered address (人户分离), about one in three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sample_city.world import person_names
from sample_city.sources.labels import Label, Outcome, row_sha256
from sample_city.world.lives import FINAL, Lives
from sample_city.world.migrants import OLD_PERMIT, Turn
from sample_city.world.numbers import fraction
from sample_city.world.people import FIRST_DAY, Person, office_time, past_time
from sample_city.sources.table_source import Change, Row, Table

PERMIT = "c_residence_permit"
COLUMNS = (
    "permit_no", "id_no", "person_name", "gender_code", "birth_date", "hukou_region_code", "residence_address", "residence_region_code",
    "residence_reason_code", "landlord_name", "landlord_phone", "arrive_date", "issue_date", "endorse_due_date", "status", "phone",
    "update_time",
)  # fmt: skip
TABLE = Table("api_residence_permit", COLUMNS, "permit_no")
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "id_check_digit": ("quarantined", "resident_id"),
    "birth_date_contradicts_id": ("quarantined", "agrees_with_id"),
    "unknown_status": ("quarantined", "domain"),
    "required_empty": ("quarantined", "required"),
    "issued_before_arrival": ("warning", "compare"),
    "endorsement_expired": ("warning", "not_overdue"),
    "region_padded": ("accepted", None),
    "moved_without_cancel": ("accepted", None),
    "hong_kong_macao_taiwan": ("accepted", None),
}
LOCAL_HOLDERS = 0.35  # of those who live away from their registered address
OLD, NEW = 1, 2  # serial numbers of a holder's permits beside their first, which has 0
ACTIVE, CANCELLED = "有效", "注销"


@dataclass(frozen=True)
class Permit:
    """One permit of a holder: its serial number, when it was issued, its status and when its row was last changed."""

    serial: int
    issued: date
    status: str
    update_time: datetime


class Permits:
    """The permits of a city, row by row."""

    table = TABLE

    def __init__(self, lives: Lives) -> None:
        self.lives, self.migrants, self.setting = lives, lives.migrants, lives.setting

    def first_load(self) -> Iterator[Row]:
        """Yields every row as it stood before the first day."""
        for person in self.migrants:
            yield from (row for row, _ in self._first_rows(person))
        for person in self.lives.populace:
            if self.holds(person):
                yield self._row(person, self._first(person))

    def first_labels(self) -> Iterator[Label]:
        """Yields the labels of the rows of the first load; they come with the delivery of the first day."""
        for person in self.migrants:
            for row, kind in self._first_rows(person):
                if kind:
                    outcome, rule = OUTCOMES[kind]
                    yield Label(
                        resource=PERMIT, business_date=FIRST_DAY.isoformat(), kind=kind, outcome=outcome, rule=rule,
                        row_sha256=row_sha256(list(row.values())),
                    )  # fmt: skip

    def changes(self, day: date) -> list[Change]:
        """Returns the changes of a day: moves, endorsements and departures that were reported."""
        found = [change for turn in self.migrants.happened(day) for change in self._turned(turn, day)]
        for event in self.lives.happened(day):
            if event.kind == "relocated" and self.holds(self.lives.at_first(event.no)) and self._reported(event.no, event.turn):
                found.append(self._local_again(event.no, ACTIVE, day))
        for event in self.lives.recorded(day):
            if event.kind in FINAL and self.holds(self.lives.at_first(event.no)):
                found.append(self._local_again(event.no, CANCELLED, day))
        return found

    def labels(self, day: date) -> list[Label]:  # noqa: ARG002 - the tables of a source system all answer the same questions
        """Returns the labels of the rows that first come with a day's delivery: all defects lie in the first load."""
        return []

    def holds(self, person: Person) -> bool:
        """Returns whether a local holds a permit (person as before any event)."""
        away = self.setting.places.community_of(person.grid) != person.community
        return away and fraction(self.setting.seed, "permit", person.no) < LOCAL_HOLDERS

    def _first_rows(self, person: Person) -> list[tuple[Row, str]]:
        """Returns the rows of a migrant, each with its kind."""
        kind, permit = self.migrants.kind(person.no), self._first(person)
        row, earlier = self._row(person, permit), permit.issued - timedelta(days=400)
        if kind in OLD_PERMIT:
            old = Permit(OLD, earlier, CANCELLED, permit.update_time - timedelta(days=30))
            return [(SPOILED[kind](self._row(person, old)), kind), (row, "")]
        if kind == "moved_without_cancel":
            kept = Permit(OLD, earlier, ACTIVE, permit.update_time - timedelta(days=200))
            return [(self._row(self._elsewhere(person), kept), kind), (row, "")]
        return [(SPOILED[kind](row), kind) if kind else (row, "")]

    def _turned(self, turn: Turn, day: date) -> list[Change]:
        """Returns what the police change when something happens to a migrant: one move in five nobody reports."""
        person, now = self.migrants.truth(turn.no, day), self._moment(turn.no, day)
        held = self._present(turn.no, day - timedelta(days=1))
        if turn.kind == "moved" and not self._reported(turn.no, turn.turn):
            return []
        if turn.kind == "moved" and self._gets_new(turn):
            before = self.migrants.truth(turn.no, day - timedelta(days=1))
            new = replace(self._present(turn.no, day), update_time=now + timedelta(seconds=1))
            return [self._again(before, replace(held, status=CANCELLED, update_time=now)), Change(self._row(person, new))]
        return [self._again(person, replace(held, status=CANCELLED if turn.kind == "left" else ACTIVE, update_time=now))]

    def _first(self, person: Person) -> Permit:
        """Returns the permit somebody held before the first day."""
        issued = past_time(self.setting.chance("permit issued", person.no))
        return Permit(0, issued.date(), ACTIVE, issued)

    def _present(self, no: int, day: date) -> Permit:
        """Returns a migrant's permit at the end of a day: a reported move may have brought a new one."""
        permit = self._first(self.migrants.at_first(no))
        for turn in self.migrants.turns(no, day):
            if turn.kind == "moved" and self._reported(no, turn.turn) and self._gets_new(turn):
                permit = replace(permit, serial=NEW + turn.turn, issued=turn.happened)
        return permit

    def _gets_new(self, turn: Turn) -> bool:
        return fraction(self.setting.seed, "new permit", turn.no, turn.turn) < 0.4

    def _reported(self, no: int, turn: int) -> bool:
        return fraction(self.setting.seed, "reported", no, turn) < 0.8

    def _local_again(self, no: int, status: str, day: date) -> Change:
        """Returns the changed permit of a local: registered as the register has them, living where they really do."""
        true, permit = self.lives.truth(no, day), self._first(self.lives.at_first(no))
        person = replace(self.lives.registered(no, day), grid=true.grid, room=true.room)
        return self._again(person, replace(permit, status=status, update_time=self._moment(no, day)))

    def _elsewhere(self, person: Person) -> Person:
        rng = self.setting.chance("lived before", person.no)
        grid = self.setting.places.some_grid(rng, self.setting.places.some_community(rng))
        return replace(person, grid=grid, room=self.setting.houses.some_room(rng, grid).address_id)

    def _again(self, person: Person, permit: Permit) -> Change:
        row = self._row(person, permit)
        return Change(row, row["permit_no"])

    def _moment(self, no: int, day: date) -> datetime:
        return office_time(self.setting.chance("permit", no, day), day)

    def _row(self, person: Person, permit: Permit) -> Row:
        """Returns a row as it ought to be."""
        rng, home = self.setting.chance("permit row", person.no), self.setting.chance("permit address", person.no, person.room)
        arrived = permit.issued - timedelta(days=rng.randint(180, 400))
        due = max(permit.update_time.date(), FIRST_DAY) + timedelta(days=rng.randint(20, 360))
        landlord = person_names.full_name(rng, rng.choice("12"), person_names.surname(rng))
        values = (
            f"4499{person.no:010d}{permit.serial:04d}", person.id_no, person.person_name, person.gender_code, person.birth_date.isoformat(),
            person.region_code.ljust(12, "0"), self.setting.houses.room(person.room).text(home, self.setting.places),
            self.setting.places.community_of(person.grid), rng.choice(("01", "01", "01", "02", "03", "04", "05")), landlord,
            person_names.phone(9_900_000 + rng.randrange(99_999)), arrived.isoformat(), permit.issued.isoformat(),
            due.isoformat(), permit.status, person.phone,
            permit.update_time.isoformat(sep=" "),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))


def _other_check_digit(row: Row) -> Row:
    letters = "0123456789X"
    return {**row, "id_no": row["id_no"][:17] + letters[(letters.index(row["id_no"][17]) + 5) % 11]}


def _shifted(row: Row, column: str, days: int) -> Row:
    return {**row, column: (date.fromisoformat(row[column]) + timedelta(days=days)).isoformat()}


SPOILED: dict[str, Callable[[Row], Row]] = {
    "id_check_digit": _other_check_digit,
    "birth_date_contradicts_id": lambda row: _shifted(row, "birth_date", 31),
    "unknown_status": lambda row: {**row, "status": "挂失"},
    "required_empty": lambda row: {**row, "person_name": ""},
    "issued_before_arrival": lambda row: _shifted(row, "issue_date", -500),
    "endorsement_expired": lambda row: {
        **row,
        "endorse_due_date": (FIRST_DAY - timedelta(days=40 + int(row["permit_no"][8:14]) % 300)).isoformat(),
    },
    "region_padded": lambda row: {
        **row,
        "residence_address": "村口大榕树旁自建楼",
        "residence_region_code": f"{row['residence_region_code'][:9]}000",
    },
    "hong_kong_macao_taiwan": lambda row: {**row, "hukou_region_code": row["id_no"][:6].ljust(12, "0")},
}
