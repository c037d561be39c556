"""Deliver the monthly lists of elderly services, one file per street: GB18030 CSV with Chinese headers.

As in real life the streets differ: some write CRLF; each month one sends nothing, one sends a day late, one sends the same file twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sample_city.sources.csv_file import CsvFormat
from sample_city.sources.defects import Defect, LineDefect, Occasion, Row, declared, kinds_of, odd_people
from sample_city.sources.file_source import Batch, File, FileSource
from sample_city.sources.spoiling import by_turns, changed, put, scientific, without_last
from sample_city.world import person_names
from sample_city.world.allowances import AMOUNTS, MEALS, OLD, VERY_OLD, age_on, service_of
from sample_city.world.lives import Lives, family_of
from sample_city.world.numbers import fraction
from sample_city.world.oddities import SEEN_ODD
from sample_city.world.people import FIRST_DAY, Person

STRIDE = 72  # one row in so many, counted per street, gets each kind; so three kinds of rejects stay below 5 % of any large file
REMARKS = ("", "", "", "独居", "行动不便", "与子女同住")
QUOTED = '行动不便,需上门服务\n联系家属后再来,"二楼"'


@dataclass(frozen=True)
class Exceptions:
    """The streets that do not deliver exactly once on the first of the month."""

    silent: str
    late: str
    twice: str

    @classmethod
    def of(cls, streets: list[str], month: date) -> Exceptions:
        """Return the exceptions of a month; another street has its turn each month."""
        turn = (month.year * 12 + month.month - FIRST_DAY.year * 12 - FIRST_DAY.month) * 3
        return cls(*(streets[(len(streets) // 3 * step + turn) % len(streets)] for step in range(3)))

    def due(self, streets: list[str], day: date) -> dict[str, int]:
        """Return the streets that deliver their list of the month on a day, each with the number in the file's name."""
        if day.day == 1:
            return {street: 1 for street in streets if street not in (self.silent, self.late)}
        return {self.late: 1, self.twice: 2} if day.day == 2 else {}


def writes_crlf(street: str) -> bool:
    """Return whether a street's office writes CRLF."""
    return fraction("crlf", street) < 0.4


def _in_future(row: Row, at: Occasion) -> Row:
    return {**row, "发放月份": f"{at.day + timedelta(days=31 + 31 * (at.number % 5)):%Y-%m}"}


def _other_age(row: Row, at: Occasion) -> Row:
    return {**row, "年龄": str(int(row["年龄"]) + 5 + at.number % 9)}


def _malformed_phone(row: Row, at: Occasion) -> Row:
    phone = row["联系电话"]
    return {**row, "联系电话": (phone[:7], f"{phone}8", phone[:-2] + "**")[at.number % 3]}


class ElderlyServiceList(FileSource):
    """The lists of a city."""

    code = "s_elderly_service_list"
    columns = ("姓名", "身份证号", "年龄", "服务类型", "补贴标准", "发放月份", "开户银行账号", "联系电话", "社区", "备注")
    named_by = (
        "姓名",
        "身份证号",
        "年龄",
        "服务类型",
        "补贴标准",
        "发放月份",
        "联系电话",
        "社区",
        "备注",
    )  # without the bank account, which is dropped at landing
    defects = declared(
        Defect("scientific_notation", "quarantined", "resident_id", scientific("身份证号")),
        Defect("negative_amount", "quarantined", "range", changed("补贴标准", lambda yuan: f"-{yuan}")),
        Defect("future_month", "quarantined", "range", _in_future),
        Defect("unknown_service_type", "quarantined", "domain", by_turns("服务类型", ("高龄补助", "慰问金", "生日慰问"))),
        Defect("too_few_fields", "rejected", spoil=without_last(2)),
        Defect("too_many_fields", "rejected", spoil=put({"": "补录"})),
        LineDefect("undecodable_bytes", "rejected", garble=lambda line, _: line.replace(b",", b"\xff\xff,", 1)),
        Defect("age_contradicts_birth_date", "warning", "agrees_with_id", _other_age),
        Defect("phone_malformed", "warning", "pattern", _malformed_phone),
        Defect("quoted_comma_and_newline", "accepted", spoil=put({"备注": QUOTED})),
        Defect("crlf_file", "accepted"),
        *odd_people(),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self._stride = STRIDE if self.setting.people >= 1_500 else 15
        self._turns = (*kinds_of(self.defects), "crlf_file", "crlf_file", "crlf_file")

    def format_of(self, file: File) -> CsvFormat:
        """Return the format in which the street of a file writes."""
        return CsvFormat("gb18030", "\r\n" if writes_crlf(file.folder) else "\n")

    def batches(self, day: date) -> Iterator[Batch]:
        """Yield the lists delivered on a day; their file names carry the first of the month."""
        streets, month = self.setting.places.streets, day.replace(day=1)
        due = Exceptions.of(streets, month).due(streets, day)
        if due:
            files = {street: File(month, number, street, is_repeat=number > 1) for street, number in due.items()}
            yield Batch(list(files.values()), self._rows(files, month))

    def dealt(self, month: date) -> Iterator[tuple[Person, str, str]]:
        """Yield everybody on the lists of a month with the listing street and the label kind of their first row."""
        silent = Exceptions.of(self.setting.places.streets, month).silent
        dealt: Counter[str] = Counter()
        for person in self._listed(month):
            street = self.setting.places.street_of(person.community)
            ordinary = not person.trait and street != silent
            yield person, street, self._kind(dealt[street], street) if ordinary else person.trait if person.trait in SEEN_ODD else ""
            dealt[street] += ordinary

    def _kind(self, dealt: int, street: str) -> str:
        start = int(self.setting.places.streets.index(street) * self._stride * 0.618)  # every street starts at another kind
        turn = (start + dealt) % self._stride
        kind = self._turns[turn] if turn < len(self._turns) else ""
        return "" if kind == "crlf_file" and not writes_crlf(street) else kind

    def _listed(self, month: date) -> Iterator[Person]:
        """Yield everybody on the lists of a month: elderly people registered in the city as far as their street knows."""
        eve = month - timedelta(days=1)
        for first in self.lives.everybody():
            if age_on(first.birth_date, month) < OLD:
                continue
            person = first if first.trait else self.lives.registered_of(first, eve)
            if person.is_present:
                yield person

    def _rows(self, files: dict[str, File], month: date) -> Iterator[tuple[File, Row, str]]:
        """Yield the rows of the streets that have a file; some people over 80 have a second one."""
        for person, street, kind in self.dealt(month):
            if street not in files:
                continue
            rng, age = self.setting.chance("service", person.no), age_on(person.birth_date, month)
            service = service_of(self.setting, person.no, age)
            row = self.row(
                person.person_name if kind else _misheard(person, rng.random()), person.id_no, str(age), service, AMOUNTS[service],
                f"{month:%Y-%m}", f"62{person.no:014d}", self._phone(person), self._community(person), rng.choice(REMARKS),
            )  # fmt: skip
            yield files[street], self.spoiled(row, kind, person.no, month), kind
            if age >= VERY_OLD and rng.random() < 0.3:
                yield files[street], {**row, "服务类型": MEALS, "补贴标准": AMOUNTS[MEALS]}, ""

    def _phone(self, person: Person) -> str:
        """Return the phone number on the list: one in eight is no longer in use."""
        stale = fraction(self.setting.seed, "stale phone", person.no) < 0.125
        return person_names.phone(person.no, stale=True) if stale else person.phone

    def _community(self, person: Person) -> str:
        """Return the community on the list, always one of this street: of residence, of registration, or (one in 25) another one."""
        places = self.setting.places
        street, lived_in = places.street_of(person.community), places.community_of(person.grid)
        if fraction(self.setting.seed, "old community", person.no) < 0.04:
            return places.name(self.setting.chance("old community", person.no).choice(places.communities_of[street]))
        return places.name(lived_in if places.street_of(lived_in) == street else person.community)


def _misheard(person: Person, draw: float) -> str:
    """Return the name on the list: one in a hundred has another given name, misheard."""
    family = family_of(person)
    others = [name for name in person_names.GIVEN[person.gender_code] if name != person.person_name[len(family) :]]
    return person.person_name if draw > 0.01 else family + others[person.no % len(others)]
