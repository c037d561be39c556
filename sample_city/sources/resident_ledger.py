"""Returns the communities' weekly ledgers of residents (v_resident_ledger), one workbook per community that keeps one.

Six communities in seven send, each 19 in 20 of those who really live there. Each Monday one sender forgets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from sample_city.world import person_names
from sample_city.sources.elderly_service_list import SEEN_ODD
from sample_city.sources.labels import Label, Outcome, row_sha256
from sample_city.world.lives import Lives
from sample_city.world.numbers import fraction, old_resident_number
from sample_city.world.oddities import ODD, quota
from sample_city.world.people import FIRST_DAY, Person, Setting
from sample_city.sources.xlsx_file import workbook

LEDGER, SHEET = "v_resident_ledger", "居民台账"
HEADER = ("社区代码", "姓名", "身份证号", "联系电话", "住址", "人户一致标识", "是否租户", "备注")
BEGIN = FIRST_DAY - timedelta(days=7)
SENDERS, LISTED = 0.85, 0.95
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "two_phones": ("warning", "pattern"),
    "id_15_digits": ("warning", "resident_id_15"),
    "id_too_short": ("quarantined", "resident_id"),
    "id_unknown": ("quarantined", "resident_id"),
    "scientific_notation": ("quarantined", "resident_id"),
    "name_missing": ("quarantined", "required"),
    "name_in_remark": ("accepted", None),
    "stale_row": ("accepted", None),
    **dict.fromkeys(ODD, ("accepted", None)),
}
DEALT = tuple(kind for kind in OUTCOMES if kind not in ODD)
REMARKS = ("", "", "", "", "独居老人", "已签约家庭医生", "房屋出租")
LARGE = 100_000  # people; the ledgers of larger cities do not stay in memory while they are written
EVERY = 3  # of the ordinary people of a community, so many pass between two labelled rows


class Ledgers:
    """The ledgers of a city."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        communities = lives.setting.places.communities
        senders = [code for code in communities if fraction("keeps a ledger", code) < SENDERS]
        self.senders = senders if len(senders) > 1 else communities

    def put_down_first(self, inbox: Path) -> Iterator[Label]:
        """Writes the ledgers of the Monday before the first day and yields the labels of their rows."""
        return self._write(inbox, BEGIN, self.senders)

    def put_down(self, inbox: Path, day: date) -> Iterator[Label]:
        """Writes the ledgers of a Monday and yields the labels of their rows; on other days there are none."""
        if day.weekday():
            return iter(())
        forgets = self.senders[(day - BEGIN).days // 7 * 11 % len(self.senders)]
        return self._write(inbox, day, [code for code in self.senders if code != forgets])

    def _write(self, inbox: Path, day: date, senders: list[str]) -> Iterator[Label]:
        with ExitStack() as stack:
            books = {code: _Book(self.setting, inbox, code, day, stack) for code in senders}
            stale = self._deal(books, day)
            for place, person in enumerate(self._residents(day)):
                code = self.setting.places.community_of(person.grid)
                if place % EVERY == 0 and stale and not person.trait and stale[0] != code:
                    yield from books[stale[0]].add(self._back_in(person, stale.popleft()), "stale_row")
                if code in books and fraction(self.setting.seed, "listed", person.no, day) < LISTED:
                    yield from books[code].add(person, books[code].kind_for(person))

    def _deal(self, books: dict[str, _Book], day: date) -> deque[str]:
        """Gives each book the kinds it is to hold and returns the communities that list somebody who is gone.

        Half of the defects lie in the first ledgers, half in those of every later week.
        """
        each, codes = quota(self.setting.people), list(books)
        wanted = [kind for kind in DEALT for _ in range(each - each // 2 if day == BEGIN else each // 2)]
        stale: deque[str] = deque()
        for n, kind in enumerate(wanted):
            code = codes[(n * 7 + day.toordinal()) % len(codes)]
            if kind == "stale_row":
                stale.append(code)
            else:
                books[code].pending.append(kind)
        return stale

    def _residents(self, day: date) -> Iterator[Person]:
        """Yields everybody who really lives in the city at the end of a day."""
        since = [FIRST_DAY + timedelta(days=n) for n in range((day - FIRST_DAY).days + 1)]
        newcomers: Iterable[Person] = chain.from_iterable(self.lives.newcomers(one) for one in since)
        locals_ = (self.lives.truth_of(person, day) for person in chain(self.lives.everybody(), newcomers))
        migrants = (self.lives.migrants.truth(no, day) for no in self.lives.migrants.numbers)
        return (person for person in chain(locals_, migrants) if person.is_present)

    def _back_in(self, person: Person, community: str) -> Person:
        """Returns somebody as if they still lived in a community they left long ago."""
        rng = self.setting.chance("stale", person.no, community)
        grid = self.setting.places.some_grid(rng, community)
        return replace(person, grid=grid, room=self.setting.houses.some_room(rng, grid).address_id)


class _Book:
    """One community's workbook while it is written."""

    def __init__(self, setting: Setting, inbox: Path, community: str, day: date, stack: ExitStack) -> None:
        self.setting, self.community, self.day = setting, community, day
        self.source = f"{LEDGER}/{community}/{day}_1.xlsx"
        self._sheet: Any = stack.enter_context(workbook(inbox / self.source, in_rows=setting.people > LARGE)).add_worksheet(SHEET)
        self._sheet.write_row(0, 0, HEADER)
        self._line, self._ordinary = 1, 0
        self.pending: deque[str] = deque()

    def kind_for(self, person: Person) -> str:
        """Returns what is special about the row of the next resident."""
        if person.trait:
            return person.trait if person.trait in SEEN_ODD else ""
        self._ordinary += 1
        if not self.pending or self._ordinary % EVERY:
            return ""
        if self.pending[0] == "id_15_digits" and (person.birth_date.year > 1999 or person.id_no.startswith("8")):
            self.pending.rotate(-1)
            return ""
        return self.pending.popleft()

    def add(self, person: Person, kind: str) -> Iterator[Label]:
        """Writes a row and yields its label."""
        fields = _spoiled(self._fields(person), kind)
        self._line += 1
        for column, text in enumerate(fields):
            if text:
                self._sheet.write_string(self._line - 1, column, text)
        if kind:
            outcome, rule = OUTCOMES[kind]
            yield Label(
                resource=LEDGER, business_date=self.day.isoformat(), kind=kind, outcome=outcome, rule=rule, source=self.source,
                line=self._line, row_sha256=row_sha256(fields),
            )  # fmt: skip

    def _fields(self, person: Person) -> list[str]:
        rng = self.setting.chance("ledger", person.no, person.room)
        is_home = person.community == self.community
        address = self.setting.houses.room(person.room).text(rng, self.setting.places)
        tenant = "是" if not is_home and rng.random() < 0.7 else "否"
        phone = person_names.phone(person.no, stale=True) if rng.random() < 0.08 else person.phone
        return [
            self.community, person.person_name, person.id_no, phone, address, "01" if is_home else "02", tenant, rng.choice(REMARKS),
        ]  # fmt: skip


def _spoiled(fields: list[str], kind: str) -> list[str]:
    """Returns the fields of a row with what is special about it."""
    community, name, id_no, phone, address, is_home, tenant, remark = fields
    if kind == "two_phones":
        phone = f"{phone}/{person_names.phone(9_700_000 + int(phone[-5:]) % 99_999)}"
    elif kind == "id_15_digits":
        id_no = old_resident_number(id_no)
    elif kind == "id_too_short":
        id_no = id_no[:17]
    elif kind == "id_unknown":
        id_no = ("不详", "未带证件", "待补")[int(phone[-1]) % 3]
    elif kind == "scientific_notation":
        id_no = f"{id_no[0]}.{id_no[1:6]}E+17"
    elif kind == "name_missing":
        name = ""
    elif kind == "name_in_remark":
        remark = f"与{name[0]}国强同住，紧急联系人{name[0]}小燕{person_names.phone(9_700_000 + int(phone[-4:]))}"
    return [community, name, id_no, phone, address, is_home, tenant, remark]
