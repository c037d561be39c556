"""Deliver the communities' weekly ledgers of residents, one workbook per community that keeps one.

Six communities in seven keep a ledger, with 19 in 20 of the people who really live there. Each Monday one of them sends nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import chain

from sample_city.sources.defects import Defect, Occasion, Row, declared, kinds_of, odd_people
from sample_city.sources.file_source import Batch, File, FileSource
from sample_city.sources.spoiling import changed, emptied, scientific
from sample_city.sources.xlsx_file import XlsxFormat
from sample_city.world import person_names
from sample_city.world.lives import Lives
from sample_city.world.numbers import fraction, old_resident_number
from sample_city.world.oddities import SEEN_ODD, quota
from sample_city.world.people import FIRST_DAY, Person

BEGIN = FIRST_DAY - timedelta(days=7)
SENDERS, LISTED = 0.85, 0.95
REMARKS = ("", "", "", "", "独居老人", "已签约家庭医生", "房屋出租")
LARGE = 100_000  # number of people; ledgers of larger cities are written row by row and not kept in memory
EVERY = 3  # number of ordinary residents of a community between two labelled rows


def _two_phones(phone: str) -> str:
    return f"{phone}/{person_names.phone(9_700_000 + int(phone[-5:]) % 99_999)}"


def _id_unknown(row: Row, _: Occasion) -> Row:
    return {**row, "身份证号": ("不详", "未带证件", "待补")[int(row["联系电话"][-1]) % 3]}


def _names_in_remark(row: Row, _: Occasion) -> Row:
    family, phone = row["姓名"][0], person_names.phone(9_700_000 + int(row["联系电话"][-4:]))
    return {**row, "备注": f"与{family}国强同住，紧急联系人{family}小燕{phone}"}


@dataclass
class _Turns:
    """Deals label kinds to the rows of one ledger: every third ordinary row gets the next wanted kind."""

    wanted: deque[str] = field(default_factory=deque)
    ordinary: int = 0

    def kind_for(self, person: Person) -> str:
        """Return the label kind of the next resident's row; empty for none."""
        if person.trait:
            return person.trait if person.trait in SEEN_ODD else ""
        self.ordinary += 1
        if not self.wanted or self.ordinary % EVERY:
            return ""
        if self.wanted[0] == "id_15_digits" and (person.birth_date.year > 1999 or person.id_no.startswith("8")):
            self.wanted.rotate(-1)
            return ""
        return self.wanted.popleft()


class ResidentLedger(FileSource):
    """The ledgers of a city."""

    code = "v_resident_ledger"
    columns = ("社区代码", "姓名", "身份证号", "联系电话", "住址", "人户一致标识", "是否租户", "备注")
    defects = declared(
        Defect("two_phones", "warning", "pattern", changed("联系电话", _two_phones)),
        Defect("id_15_digits", "warning", "resident_id_15", changed("身份证号", old_resident_number)),
        Defect("id_too_short", "quarantined", "resident_id", changed("身份证号", lambda number: number[:17])),
        Defect("id_unknown", "quarantined", "resident_id", _id_unknown),
        Defect("scientific_notation", "quarantined", "resident_id", scientific("身份证号")),
        Defect("name_missing", "quarantined", "required", emptied("姓名")),
        Defect("name_in_remark", "accepted", spoil=_names_in_remark),
        Defect("stale_row", "accepted"),
        *odd_people(),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        communities = lives.setting.places.communities
        senders = [code for code in communities if fraction("keeps a ledger", code) < SENDERS]
        self.senders = senders if len(senders) > 1 else communities

    def format_of(self, _: File) -> XlsxFormat:
        """Return the workbook format of the ledgers."""
        return XlsxFormat("居民台账", in_rows=self.setting.people > LARGE)

    def first_batches(self) -> Iterator[Batch]:
        """Yield the ledgers of the Monday before the first day."""
        yield self._batch(BEGIN, self.senders)

    def batches(self, day: date) -> Iterator[Batch]:
        """Yield the ledgers of a Monday; on other days there are none."""
        if day.weekday() == 0:
            forgets = self.senders[(day - BEGIN).days // 7 * 11 % len(self.senders)]
            yield self._batch(day, [code for code in self.senders if code != forgets])

    def _batch(self, day: date, senders: list[str]) -> Batch:
        files = {code: File(day, folder=code) for code in senders}
        return Batch(list(files.values()), ((files[code], row, kind) for code, row, kind in self._rows(day, senders)))

    def _rows(self, day: date, senders: list[str]) -> Iterator[tuple[str, Row, str]]:
        """Yield the rows of all ledgers of a day, each with the community that keeps it."""
        turns = {code: _Turns() for code in senders}
        stale = self._deal(turns, day)
        for place, person in enumerate(self._residents(day)):
            code = self.setting.places.community_of(person.grid)
            if place % EVERY == 0 and stale and not person.trait and stale[0] != code:
                keeper = stale.popleft()
                yield keeper, self._row(self._back_in(person, keeper), keeper, "stale_row"), "stale_row"
            if code in turns and fraction(self.setting.seed, "listed", person.no, day) < LISTED:
                kind = turns[code].kind_for(person)
                yield code, self._row(person, code, kind), kind

    def _deal(self, turns: dict[str, _Turns], day: date) -> deque[str]:
        """Give each ledger its label kinds and return the communities whose ledger lists somebody who has left.

        Half of the defects are in the first ledgers, half in those of every later week.
        """
        each, codes = quota(self.setting.people), list(turns)
        wanted = [kind for kind in kinds_of(self.defects) for _ in range(each - each // 2 if day == BEGIN else each // 2)]
        stale: deque[str] = deque()
        for n, kind in enumerate(wanted):
            code = codes[(n * 7 + day.toordinal()) % len(codes)]
            if kind == "stale_row":
                stale.append(code)
            else:
                turns[code].wanted.append(kind)
        return stale

    def _residents(self, day: date) -> Iterator[Person]:
        """Yield everybody who really lives in the city at the end of a day."""
        since = [FIRST_DAY + timedelta(days=n) for n in range((day - FIRST_DAY).days + 1)]
        newcomers: Iterable[Person] = chain.from_iterable(self.lives.newcomers(one) for one in since)
        locals_ = (self.lives.truth_of(person, day) for person in chain(self.lives.everybody(), newcomers))
        migrants = (self.lives.migrants.truth(no, day) for no in self.lives.migrants.numbers)
        return (person for person in chain(locals_, migrants) if person.is_present)

    def _back_in(self, person: Person, community: str) -> Person:
        """Return a person as if they still lived in a community they left long ago."""
        rng = self.setting.chance("stale", person.no, community)
        grid = self.setting.places.some_grid(rng, community)
        return replace(person, grid=grid, room=self.setting.houses.some_room(rng, grid).address_id)

    def _row(self, person: Person, keeper: str, kind: str) -> Row:
        rng, is_home = self.setting.chance("ledger", person.no, person.room), person.community == keeper
        address = self.setting.houses.room(person.room).text(rng, self.setting.places)
        tenant = "是" if not is_home and rng.random() < 0.7 else "否"
        phone = person_names.phone(person.no, stale=True) if rng.random() < 0.08 else person.phone
        home = "01" if is_home else "02"
        row = self.row(keeper, person.person_name, person.id_no, phone, address, home, tenant, rng.choice(REMARKS))
        return self.spoiled(row, kind)
