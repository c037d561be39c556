"""Deliver the districts' workbooks of approved social assistance: all cases on the first day, then the changed ones.

Two header rows: a group is merged over its columns, a single column over both rows. Case and income are typed by hand, so their cells
have different types.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sample_city.sources.defects import Defect, Labelled, Occasion, Row, SheetDefect, declared, kinds_of
from sample_city.sources.file_source import Batch, File, FileSource
from sample_city.sources.spoiling import changed, put, scientific
from sample_city.sources.xlsx_file import XlsxFormat, grouped_header
from sample_city.world.assistance import Case, Cases
from sample_city.world.lives import Lives
from sample_city.world.numbers import resident_check
from sample_city.world.people import FIRST_DAY, Person

NUMBER, SIZE, AMOUNT, REVIEW = "成员/身份证号", "家庭/人数", "家庭/月救助金", "复核到期日"


def _rounded(number: str) -> float:
    """Return a resident number that was typed as a number: a spreadsheet keeps 15 digits; here the check digit is always wrong."""
    first = number[:15]
    return float(f"{int(first) + (resident_check(first + '00') == '0')}000")


def _overdue(row: Row, at: Occasion) -> Row:
    return {**row, REVIEW: at.day - timedelta(days=15)}


def _formula(sheet: Any, place: int, row: Row) -> None:
    sheet.write_formula(place, list(row).index(AMOUNT), f"=G{place + 1}*{row[AMOUNT]}", None, row[AMOUNT])


def _merged(sheet: Any, place: int, row: Row) -> None:
    sheet.merge_range(place, 3, place, 4, row["成员/姓名"])


def _hidden_sheet(book: Any) -> None:
    old = book.add_worksheet("旧模板")
    old.write_row(0, 0, ("案件编号", "备注"))
    old.hide()


class AssistanceApproval(FileSource):
    """The workbooks of a city's districts."""

    code = "d_assistance_approval"
    columns = (
        "案件编号", "救助类型", "申请人/身份证号", "成员/姓名", NUMBER, "成员/关系", SIZE, "家庭/人均月收入", AMOUNT,
        "起止/开始月份", "起止/结束月份", "状态", REVIEW, "街道代码", "社区代码", "更新时间",
    )  # fmt: skip
    named_by = ()  # these cells have several types, so their texts cannot name a row
    defects = declared(
        Defect("scientific_notation", "quarantined", "resident_id", scientific(NUMBER)),
        Defect("unknown_assistance_type", "quarantined", "domain", put({"救助类型": "困难补助"})),
        Defect("end_before_start", "quarantined", "compare", put({"起止/开始月份": "2026-03", "起止/结束月份": "2025-11"})),
        Defect("number_as_float", "rejected", spoil=changed(NUMBER, _rounded)),
        SheetDefect("formula", "rejected", draw=_formula),
        SheetDefect("merged_data_cell", "rejected", draw=_merged),
        Defect("amount_times_size", "warning", "range", put({SIZE: 6, AMOUNT: 600 * 6 * 6})),
        Defect("review_overdue", "warning", "not_overdue", _overdue),
        Defect("text_date", "accepted", spoil=changed(REVIEW, date.isoformat)),
        Defect("serial_date", "accepted", spoil=changed(REVIEW, lambda due: (due - date(1899, 12, 30)).days)),
        SheetDefect("hidden_sheet", "accepted", beside=_hidden_sheet),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self.cases = Cases(lives)
        self.districts: dict[str, list[str]] = {}
        for community in lives.setting.places.communities:
            self.districts.setdefault(self.setting.places.district_of(community), []).append(community)

    def format_of(self, file: File) -> XlsxFormat:
        """Return the format of a district's workbook; each district has its own title."""
        title = f"{self.setting.places.name(file.folder)}社会救助审核确认情况（{file.day:%Y年%m月%d日}）"
        return XlsxFormat("审核确认", grouped_header(title))

    def batches(self, day: date) -> Iterator[Batch]:
        """Yield the workbooks of a day; one of them has a hidden sheet."""
        rows: dict[str, list[Labelled]] = {district: [] for district in self.districts}
        for case in self.cases.first() if day == FIRST_DAY else self.cases.changed(day):
            rows[self.setting.places.district_of(case.community)] += self._rows(case)
        for case in self.cases.any_in({district for district, found in rows.items() if not found}, day):
            rows[self.setting.places.district_of(case.community)] += self._rows(case)
        for district, row in self._defects(day):
            rows[district].insert(len(rows[district]) // 2, row)
        hides = list(rows)[day.toordinal() % len(rows)]
        for district, found in rows.items():
            yield Batch.of_one(File(day, folder=district), self._hidden(found) if district == hides else found)

    def _defects(self, day: date) -> Iterator[tuple[str, Labelled]]:
        """Yield rows with one defect each, dealt to the districts in turn: half on the first day, half on the second."""
        each, spare = self.cases.each, self.cases.spare[2 * self.cases.each :]
        numbers = range(each - each // 2) if day == FIRST_DAY else range(each - each // 2, each)
        for k, kind in enumerate(kinds_of(self.defects, "hidden_sheet") if (day - FIRST_DAY).days < 2 else ()):
            for n in numbers:
                district = list(self.districts)[n % len(self.districts)]
                community = self.setting.chance("assistance defect", kind, n).choice(self.districts[district])
                case = self.cases.alone(spare[k * each + n], f"Q{k:02d}{n:03d}")
                row = self._row(case, case.applicant) | {"社区代码": community, "街道代码": self.setting.places.street_of(community)}
                if day > FIRST_DAY:
                    row["更新时间"] = f"{day} {9 + n % 8:02d}:{k:02d}:{n:02d}"
                yield district, (self.spoiled(row, kind, n, day), kind)

    def _hidden(self, rows: list[Labelled]) -> list[Labelled]:
        """Return the rows of a workbook with a hidden sheet; some of its clean rows get a label for it."""
        clean = [place for place, (_, kind) in enumerate(rows) if not kind]
        labelled = set(clean[: self.cases.each])
        return [(row, "hidden_sheet" if place in labelled else kind) for place, (row, kind) in enumerate(rows)]

    def _rows(self, case: Case) -> list[Labelled]:
        return [(self._row(case, member), "") for member in case.members]

    def _row(self, case: Case, member: Person) -> Row:
        return self.row(
            case.case_no, case.assistance_type, case.applicant.id_no, member.person_name, member.id_no, _relation(case, member),
            len(case.members), case.income, case.amount, case.start_month, case.end_month, case.status, case.review_due,
            self.setting.places.street_of(case.community), case.community, case.update_time.isoformat(sep=" "),
        )  # fmt: skip


def _relation(case: Case, member: Person) -> str:
    if member.no == case.applicant.no:
        return "0"
    return member.relation if member.household_no == case.applicant.household_no else "8"
