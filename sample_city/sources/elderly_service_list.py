"""Returns the monthly lists of elderly services (s_elderly_service_list), one file per street: GB18030 CSV with Chinese headers.

Streets write as streets do: some with CRLF; each month one sends nothing, one sends a day late, one sends the same file twice.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sample_city.world import person_names
from sample_city.world.whole_files import delivered
from sample_city.sources.labels import ELDERLY, Label, Outcome, row_sha256
from sample_city.world.lives import Lives, family_of
from sample_city.world.numbers import fraction
from sample_city.world.oddities import ODD
from sample_city.world.people import FIRST_DAY, Person, Setting

HEADER = ("姓名", "身份证号", "年龄", "服务类型", "补贴标准", "发放月份", "开户银行账号", "联系电话", "社区", "备注")
ACCOUNT = HEADER.index("开户银行账号")
OLD = 65
STRIDE = (
    72  # each kind of defect gets one row in so many, counted street by street: three kinds of rejects stay below 5 % of any large file
)
AMOUNTS = {"高龄津贴": "100.00", "居家养老服务补贴": "300.00", "护理补贴": "220.00", "助餐补贴": "150.00"}
REMARKS = ("", "", "", "独居", "行动不便", "与子女同住")
QUOTED = '行动不便,需上门服务\n联系家属后再来,"二楼"'
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "scientific_notation": ("quarantined", "resident_id"),
    "negative_amount": ("quarantined", "range"),
    "future_month": ("quarantined", "range"),
    "unknown_service_type": ("quarantined", "domain"),
    "too_few_fields": ("rejected", None),
    "too_many_fields": ("rejected", None),
    "undecodable_bytes": ("rejected", None),
    "age_contradicts_birth_date": ("warning", "agrees_with_id"),
    "phone_malformed": ("warning", "pattern"),
    "quoted_comma_and_newline": ("accepted", None),
    "crlf_file": ("accepted", None),
    **dict.fromkeys(ODD, ("accepted", None)),
}
DEALT = (*(kind for kind in OUTCOMES if kind not in ODD), "crlf_file", "crlf_file", "crlf_file")
SEEN_ODD = tuple(kind for kind in ODD if kind not in ("lower_case_x", "empty_optional_fields"))


@dataclass(frozen=True)
class Delivery:
    """The streets of a month that do something else than deliver once on the first."""

    silent: str
    late: str
    twice: str

    @classmethod
    def of(cls, streets: list[str], month: date) -> Delivery:
        """Returns the exceptions of a month; they go round the streets."""
        turn = (month.year * 12 + month.month - FIRST_DAY.year * 12 - FIRST_DAY.month) * 3
        return cls(*(streets[(len(streets) // 3 * step + turn) % len(streets)] for step in range(3)))

    def on(self, streets: list[str], day: date) -> dict[str, int]:
        """Returns the streets whose list of the month is put down on a day, each with the number in the file's name."""
        if day.day == 1:
            return {street: 1 for street in streets if street not in (self.silent, self.late)}
        return {self.late: 1, self.twice: 2} if day.day == 2 else {}


def age_on(birth: date, day: date) -> int:
    """Returns full years of age."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def service_of(setting: Setting, no: int, age: int) -> str:
    """Returns what somebody of that age is paid for; some over 80 get a second allowance."""
    return "高龄津贴" if age >= 80 else setting.chance("which service", no).choice(tuple(AMOUNTS)[1:])


class Lists:
    """The lists of a city."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self.stride = STRIDE if self.setting.people >= 1_500 else 15

    def put_down_first(self, _: Path) -> Iterator[Label]:
        """Yields nothing: the streets begin with the first day."""
        return iter(())

    def put_down(self, inbox: Path, day: date) -> Iterator[Label]:
        """Writes the files of a day below the inbox and yields the labels of their rows."""
        places = self.setting.places
        month = day.replace(day=1)
        delivery = Delivery.of(places.streets, month)
        due = delivery.on(places.streets, day)
        if not due:
            return
        with ExitStack() as stack:
            files = {street: _File(inbox, street, month, n, stack) for street, n in due.items()}
            for person, street, kind in self.dealt(month):
                for n, fields in enumerate(self._rows(person, month, kind)):
                    if street in files:
                        yield from files[street].add(fields, kind if n == 0 else "", day)

    def dealt(self, month: date) -> Iterator[tuple[Person, str, str]]:
        """Yields everybody on the lists of a month with the street that lists them and what is special about their first row."""
        silent = Delivery.of(self.setting.places.streets, month).silent
        dealt: Counter[str] = Counter()
        for person in self._listed(month):
            street = self.setting.places.street_of(person.community)
            ordinary = not person.trait and street != silent
            yield person, street, self._kind(dealt[street], street) if ordinary else person.trait if person.trait in SEEN_ODD else ""
            dealt[street] += ordinary

    def _kind(self, dealt: int, street: str) -> str:
        start = int(self.setting.places.streets.index(street) * self.stride * 0.618)  # every street begins elsewhere
        turn = (start + dealt) % self.stride
        kind = DEALT[turn] if turn < len(DEALT) else ""
        return "" if kind == "crlf_file" and not writes_crlf(street) else kind

    def _listed(self, month: date) -> Iterator[Person]:
        """Yields everybody on the lists of a month: the old who are registered here as far as the street knows."""
        eve = month - timedelta(days=1)
        for first in self.lives.everybody():
            if age_on(first.birth_date, month) < OLD:
                continue
            person = first if first.trait else self.lives.registered_of(first, eve)
            if person.is_present:
                yield person

    def _rows(self, person: Person, month: date, kind: str) -> Iterator[list[str]]:
        rng = self.setting.chance("service", person.no)
        age = age_on(person.birth_date, month)
        service = service_of(self.setting, person.no, age)
        typed = _misheard(person, rng.random()) if not kind else person.person_name
        fields = [
            typed, person.id_no, str(age), service, AMOUNTS[service], f"{month:%Y-%m}", f"62{person.no:014d}",
            self._phone(person), self._community(person), rng.choice(REMARKS),
        ]  # fmt: skip
        yield _spoiled(fields, kind, month, person.no)
        if age >= 80 and rng.random() < 0.3:
            yield [*fields[:3], "助餐补贴", AMOUNTS["助餐补贴"], *fields[5:]]

    def _phone(self, person: Person) -> str:
        """Returns the number on the list: one in eight was given up since."""
        stale = fraction(self.setting.seed, "stale phone", person.no) < 0.125
        return person_names.phone(person.no, stale=True) if stale else person.phone

    def _community(self, person: Person) -> str:
        """Returns the community on the list, of this street: where they live, or are registered, or (one in 25) another one."""
        places = self.setting.places
        street = places.street_of(person.community)
        lived_in = places.community_of(person.grid)
        if fraction(self.setting.seed, "old community", person.no) < 0.04:
            return places.name(self.setting.chance("old community", person.no).choice(places.communities_of[street]))
        return places.name(lived_in if places.street_of(lived_in) == street else person.community)


def writes_crlf(street: str) -> bool:
    """Returns whether a street's office writes CRLF."""
    return fraction("crlf", street) < 0.4


def _misheard(person: Person, draw: float) -> str:
    """Returns the name on the list: one in a hundred was typed as it sounded."""
    family = family_of(person)
    others = [name for name in person_names.GIVEN[person.gender_code] if name != person.person_name[len(family) :]]
    return person.person_name if draw > 0.01 else family + others[person.no % len(others)]


def _spoiled(fields: list[str], kind: str, month: date, no: int) -> list[str]:
    """Returns the fields of a row with one thing wrong."""
    name, id_no, age, service, amount, pay_month, account, phone, community, remark = fields
    if kind == "scientific_notation":
        id_no = f"{id_no[0]}.{id_no[1:6]}E+17"
    elif kind == "negative_amount":
        amount = f"-{amount}"
    elif kind == "future_month":
        pay_month = f"{month + timedelta(days=31 + 31 * (no % 5)):%Y-%m}"
    elif kind == "unknown_service_type":
        service = ("高龄补助", "慰问金", "生日慰问")[no % 3]
    elif kind == "age_contradicts_birth_date":
        age = str(int(age) + 5 + no % 9)
    elif kind == "phone_malformed":
        phone = (phone[:7], f"{phone}8", phone[:-2] + "**")[no % 3]
    elif kind == "quoted_comma_and_newline":
        remark = QUOTED
    row = [name, id_no, age, service, amount, pay_month, account, phone, community, remark]
    return row[:-2] if kind == "too_few_fields" else [*row, "补录"] if kind == "too_many_fields" else row


class _File:
    """One street's file while it is written; counts physical lines."""

    def __init__(self, inbox: Path, street: str, month: date, number: int, stack: ExitStack) -> None:
        self.source = f"{ELDERLY}/{street}/{month.isoformat()}_{number}.csv"
        self._file = stack.enter_context(delivered(inbox / self.source))
        self._end = "\r\n" if writes_crlf(street) else "\n"
        self._line, self._repeated = 1, number > 1
        self._write(list(HEADER), "")

    def add(self, fields: list[str], kind: str, day: date) -> Iterator[Label]:
        """Writes a row and yields its label; a file sent again is known and needs no labels."""
        line = self._line
        self._write(fields, kind)
        if not kind or self._repeated:
            return
        outcome, rule = OUTCOMES[kind]
        sha256 = None if outcome == "rejected" else row_sha256([text for n, text in enumerate(fields) if n != ACCOUNT])
        yield Label(
            resource=ELDERLY, business_date=day.replace(day=1).isoformat(), kind=kind, outcome=outcome, rule=rule, source=self.source,
            line=line, row_sha256=sha256,
        )  # fmt: skip

    def _write(self, fields: list[str], kind: str) -> None:
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator=self._end).writerow(fields)
        content = buffer.getvalue().encode("gb18030")
        if kind == "undecodable_bytes":
            content = content.replace(b",", b"\xff\xff,", 1)
        self._file.write(content)
        self._line += content.count(b"\n")
