"""Returns the districts' workbooks of approved social assistance (d_assistance_approval): everything on the first day, then what changed.

Two header rows: groups are merged over their columns, single columns over both rows. Case and income are typed by hand, so cells differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sample_city.world.assistance import Case, Cases
from sample_city.sources.labels import Label, Outcome
from sample_city.world.lives import Lives
from sample_city.world.numbers import resident_check
from sample_city.world.people import FIRST_DAY, Person
from sample_city.sources.xlsx_file import workbook

APPROVAL, SHEET = "d_assistance_approval", "审核确认"
HEADER = (
    "案件编号", "救助类型", "申请人/身份证号", "成员/姓名", "成员/身份证号", "成员/关系", "家庭/人数", "家庭/人均月收入", "家庭/月救助金",
    "起止/开始月份", "起止/结束月份", "状态", "复核到期日", "街道代码", "社区代码", "更新时间",
)  # fmt: skip
COLUMN = {name: place for place, name in enumerate(HEADER)}
DATA_FROM = 4  # rows 1 to 3: title and header
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "scientific_notation": ("quarantined", "resident_id"),
    "unknown_assistance_type": ("quarantined", "domain"),
    "end_before_start": ("quarantined", "compare"),
    "number_as_float": ("rejected", None),
    "formula": ("rejected", None),
    "merged_data_cell": ("rejected", None),
    "amount_times_size": ("warning", "range"),
    "review_overdue": ("warning", "not_overdue"),
    "text_date": ("accepted", None),
    "serial_date": ("accepted", None),
    "hidden_sheet": ("accepted", None),
}
DEFECTS = tuple(kind for kind in OUTCOMES if kind != "hidden_sheet")
Cells = list[Any]  # texts, numbers and dates of one row, in the order of HEADER


class Approvals:
    """The workbooks of a city's districts."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.cases, self.setting = lives, Cases(lives), lives.setting
        self.districts: dict[str, list[str]] = {}
        for community in lives.setting.places.communities:
            self.districts.setdefault(self._district(community), []).append(community)

    def put_down_first(self, _: Path) -> Iterator[Label]:
        """Yields nothing: the districts begin with the first day."""
        return iter(())

    def put_down(self, inbox: Path, day: date) -> Iterator[Label]:
        """Writes the workbooks of a day and yields the labels of their rows."""
        rows: dict[str, list[tuple[Cells, str]]] = {district: [] for district in self.districts}
        for case in self.cases.first() if day == FIRST_DAY else self.cases.changed(day):
            rows[self._district(case.community)] += [(self._cells(case, member), "") for member in case.members]
        for case in self.cases.any_in({district for district, found in rows.items() if not found}, day):
            rows[self._district(case.community)] += [(self._cells(case, member), "") for member in case.members]
        for district, row in self._defects(day):
            rows[district].insert(len(rows[district]) // 2, row)
        hides = list(rows)[day.toordinal() % len(rows)]
        for district, found in rows.items():
            yield from self._write(inbox, district, day, self._hidden(found) if district == hides else found)

    def _district(self, community: str) -> str:
        return next(region.code for region in self.setting.places.line(community) if region.level == "district")

    def _defects(self, day: date) -> Iterator[tuple[str, tuple[Cells, str]]]:
        """Yields rows with one thing wrong, in the districts by turns: one half on the first day, the other on the second."""
        each, spare = self.cases.each, self.cases.spare[2 * self.cases.each :]
        numbers = range(each - each // 2) if day == FIRST_DAY else range(each - each // 2, each)
        for k, kind in enumerate(DEFECTS if (day - FIRST_DAY).days < 2 else ()):
            for n in numbers:
                district = list(self.districts)[n % len(self.districts)]
                rng = self.setting.chance("assistance defect", kind, n)
                case = self.cases.alone(spare[k * each + n], f"Q{k:02d}{n:03d}")
                cells = self._cells(case, case.applicant)
                community = rng.choice(self.districts[district])
                cells[COLUMN["社区代码"]], cells[COLUMN["街道代码"]] = community, self.setting.places.street_of(community)
                if day > FIRST_DAY:
                    cells[COLUMN["更新时间"]] = f"{day} {9 + n % 8:02d}:{k:02d}:{n:02d}"
                yield district, (_spoiled(cells, kind, day), kind)

    def _hidden(self, rows: list[tuple[Cells, str]]) -> list[tuple[Cells, str]]:
        """Returns the rows of a workbook with a hidden sheet: some of its clean rows are labelled so."""
        clean = [place for place, (_, kind) in enumerate(rows) if not kind]
        labelled = set(clean[: self.cases.each])
        return [(cells, "hidden_sheet" if place in labelled else kind) for place, (cells, kind) in enumerate(rows)]

    def _cells(self, case: Case, member: Person) -> Cells:
        return [
            case.case_no, case.assistance_type, case.applicant.id_no, member.person_name, member.id_no, _relation(case, member),
            len(case.members), case.income, case.amount, case.start_month, case.end_month, case.status, case.review_due,
            self.setting.places.street_of(case.community), case.community, case.update_time.isoformat(sep=" "),
        ]  # fmt: skip

    def _write(self, inbox: Path, district: str, day: date, rows: list[tuple[Cells, str]]) -> Iterator[Label]:
        source = f"{APPROVAL}/{district}/{day}_1.xlsx"
        with workbook(inbox / source) as book:
            sheet = book.add_worksheet(SHEET)
            bold, dated = book.add_format({"bold": True, "align": "center"}), book.add_format({"num_format": "yyyy-mm-dd"})
            _write_header(sheet, f"{self.setting.places.name(district)}社会救助审核确认情况（{day:%Y年%m月%d日}）", bold)
            for row, (cells, kind) in enumerate(rows, start=DATA_FROM - 1):
                _write_row(sheet, row, cells, dated)
                if kind == "formula":
                    column = COLUMN["家庭/月救助金"]
                    sheet.write_formula(row, column, f"=G{row + 1}*{cells[column]}", None, cells[column])
                elif kind == "merged_data_cell":
                    sheet.merge_range(row, 3, row, 4, cells[3])
            if any(kind == "hidden_sheet" for _, kind in rows):
                old = book.add_worksheet("旧模板")
                old.write_row(0, 0, ("案件编号", "备注"))
                old.hide()
        for line, (_, kind) in enumerate(rows, start=DATA_FROM):
            if kind:
                outcome, rule = OUTCOMES[kind]
                yield Label(
                    resource=APPROVAL, business_date=day.isoformat(), kind=kind, outcome=outcome, rule=rule, source=source, line=line
                )


def _relation(case: Case, member: Person) -> str:
    if member.no == case.applicant.no:
        return "0"
    return member.relation if member.household_no == case.applicant.household_no else "8"


def _write_header(sheet: Any, title: str, bold: Any) -> None:
    """Writes title and the two header rows: a group spans its columns, a single column both rows."""
    sheet.merge_range(0, 0, 0, len(HEADER) - 1, title, bold)
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(HEADER):
        group, _, below = name.partition("/")
        if below:
            groups.setdefault(group, []).append(place)
            sheet.write_string(2, place, below, bold)
        else:
            sheet.merge_range(1, place, 2, place, name, bold)
    for group, places in groups.items():
        if len(places) > 1:
            sheet.merge_range(1, places[0], 1, places[-1], group, bold)
        else:
            sheet.write_string(1, places[0], group, bold)


def _write_row(sheet: Any, row: int, cells: Cells, dated: Any) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, date):
            sheet.write_datetime(row, column, datetime.combine(cell, datetime.min.time()), dated)
        elif isinstance(cell, int | float):
            sheet.write_number(row, column, cell)
        elif cell:
            sheet.write_string(row, column, cell)


def _rounded(number: str) -> float:
    """Returns a resident number as a spreadsheet keeps it when it is typed as a number: 15 digits, here never with a right check digit."""
    first = number[:15]
    return float(f"{int(first) + (resident_check(first + '00') == '0')}000")


def _spoiled(cells: Cells, kind: str, day: date) -> Cells:
    """Returns the cells of a row with one thing wrong or odd."""
    number, review = str(cells[COLUMN["成员/身份证号"]]), cells[COLUMN["复核到期日"]]
    changed: dict[str, dict[str, Any]] = {
        "scientific_notation": {"成员/身份证号": f"{number[0]}.{number[1:6]}E+17"},
        "number_as_float": {"成员/身份证号": _rounded(number)},
        "serial_date": {"复核到期日": (review - date(1899, 12, 30)).days},
        "unknown_assistance_type": {"救助类型": "困难补助"},
        "end_before_start": {"起止/开始月份": "2026-03", "起止/结束月份": "2025-11"},
        "amount_times_size": {"家庭/人数": 6, "家庭/月救助金": 600 * 6 * 6},
        "review_overdue": {"复核到期日": day - timedelta(days=15)},
        "text_date": {"复核到期日": review.isoformat()},
    }
    for column, cell in changed.get(kind, {}).items():
        cells[COLUMN[column]] = cell
    return cells
