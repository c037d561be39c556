"""Workbooks: the same content gives the same bytes, values are typed, identifiers and texts stay text, and no cell is a formula."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import replace
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from lakehouse.errors import QualityError
from lakehouse.returns.workbook.file import read_sheet, write_workbook
from lakehouse.returns.workbook.pages import Column, Cover, Kind, Line, Sheet, Writing, plain_sheet
from lakehouse.returns.workbook.values import to_cell, to_text

pytestmark = pytest.mark.fast

DANGEROUS = ["=1+1", "+86 756", "-5", "@SUM(A1)", "\t=1", "\r=1", "'=1", "<r><t>x</t></r>", "<r>&</r>"]
KINDS: dict[Kind, st.SearchStrategy[str]] = {
    "date": st.dates().map(str),
    "moment": st.datetimes(datetime(1850, 1, 1), datetime(2200, 1, 1)).map(lambda one: one.strftime("%Y-%m-%d %H:%M")),  # noqa: DTZ001
    "integer": st.integers(-(10**16), 10**16).map(str),
    "number": st.decimals(-(10**15), 10**15, places=2, allow_nan=False).map(str),
}


def page_of(*columns: Column, **said: object) -> Worksheet:
    return openpyxl.load_workbook(io.BytesIO(write_workbook([Sheet("s", columns, **said)])))["s"]  # type: ignore[arg-type]


def test_same_rows_are_the_same_bytes_at_another_time() -> None:
    sheets = [plain_sheet("居民清单", ("姓名", "年龄"), [["张三", "𠮷野"], ["70-74", None]])]
    first = write_workbook(sheets)
    time.sleep(2.1)  # the resolution of times in a zip file
    assert write_workbook(sheets) == first
    assert {one.date_time for one in zipfile.ZipFile(io.BytesIO(first)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_cells_are_text_and_formulas_are_harmless() -> None:
    numbers = ["44990119900307001X", "0012", "4.5E+17", "2026-06-01"]
    content = write_workbook([plain_sheet("s", ("值",), [[*DANGEROUS, *numbers]])])
    page = openpyxl.load_workbook(io.BytesIO(content))["s"]
    cells = [page.cell(row, 1) for row in range(2, 2 + len(DANGEROUS) + len(numbers))]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert [cell.value for cell in cells[-4:]] == numbers
    assert read_sheet(content, "s")[1:] == [[text] for text in (*DANGEROUS, *numbers)]


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_reading_gives_back_what_was_written(values: list[str | None]) -> None:
    keys = [f"k{place}" for place in range(len(values))]
    content = write_workbook([plain_sheet("other", ("x",), [["y"]]), plain_sheet("s", ("k", "v"), [keys, values])])
    assert read_sheet(content, "s")[1:] == [[key, value] for key, value in zip(keys, values, strict=True)]


@given(st.fixed_dictionaries({kind: st.lists(texts | st.sampled_from(DANGEROUS), min_size=4, max_size=4) for kind, texts in KINDS.items()}))
@settings(max_examples=60, deadline=None)
def test_typed_values_and_texts_among_them_are_read_as_they_were(texts: dict[Kind, list[str]]) -> None:
    columns = tuple(Column(kind, cells, kind) for kind, cells in texts.items())
    rows = read_sheet(write_workbook([Sheet("s", columns)]), "s", {kind: kind for kind in texts})
    assert rows[1:] == [list(row) for row in zip(*texts.values(), strict=True)]


def test_dates_and_amounts_are_values_and_what_a_cell_cannot_hold_stays_text() -> None:
    assert to_cell("2026-06-01", "date") == date(2026, 6, 1)
    assert to_cell("2026-06-01 09:30", "moment") == datetime(2026, 6, 1, 9, 30)  # noqa: DTZ001
    assert (to_cell("12", "integer"), to_cell("12.50", "number")) == (12, 12.5)
    for text, kind in (("1899-12-31", "date"), ("2026", "date"), ("00012", "integer"), ("12345678901234567", "integer"), ("1e5", "number")):
        assert to_cell(text, kind) == text  # type: ignore[arg-type]
    assert to_text(datetime(2026, 6, 1, 9, 29, 59, 999_000), "moment") == "2026-06-01 09:30"  # noqa: DTZ001 as a cell's fraction of a day


def test_cell_that_does_not_fit_is_loud() -> None:
    with pytest.raises(QualityError, match="1 cells do not fit"):
        write_workbook([plain_sheet("s", ("值",), [["x" * 32768]])])


def test_cover_is_one_page_and_open_only_where_it_asks() -> None:
    lines = (
        Line("title", ("晨光社区",)),
        Line("head", ("清单", "新增")),
        Line("task", ("=1+1", "2")),
        Line("fill", ("居民清单", "", "怎么填")),
    )
    cover = Cover("首页", lines, date(2026, 6, 3))
    page = openpyxl.load_workbook(io.BytesIO(write_workbook([], cover)))["首页"]
    told = [[cell.value for cell in row if cell.value is not None] for row in page.iter_rows()]
    assert told == [
        ["晨光社区"],
        ["内容自 2026-06-03（此日以来本文件的内容没有变化）"],
        ["清单", "新增"],
        ["'=1+1", "2"],
        ["居民清单", "怎么填"],
    ]
    assert (page.page_setup.fitToWidth or 1, page.page_setup.fitToHeight or 1, page.sheet_properties.pageSetUpPr.fitToPage) == (1, 1, True)
    assert page.protection.sheet
    assert [cell.coordinate for row in page.iter_rows() for cell in row if not cell.protection.locked] == ["B5"]
    assert [str(rule.sqref) for rule in page.data_validations.dataValidation] == ["B5"]


def test_list_can_be_read_printed_filtered_and_sorted_but_not_changed() -> None:
    page = page_of(
        Column("序号", ["1", "2"], "integer"),
        Column("行标识", ["K1", "K2"], is_hidden=True),
        Column("居住地址", ["示范市江东区望海街道晨光路一百二十八号晨光花园三栋二单元五零一房", "短"], wraps=True),
        Column("出生日期", ["1990-03-07", None], "date"),
        Column("核实结果", [None, None], writing=Writing(11, "选择", ("属实", "有误"))),
        Column("有误的项", [None, None], writing=Writing(14, "选择", ("居住地址",))),
        Column("更正为", [None, None], writing=Writing(20, "填写", only_with=("居住地址",))),
        frozen=3,
        heading="望海街道 & 居民清单",
        breaks=(1,),
    )
    assert (page.freeze_panes, page.auto_filter.ref, page.print_title_rows) == ("D2", "A1:G3", "$1:$1")
    assert (page.page_setup.orientation, page.page_setup.paperSize, page.page_setup.scale) == ("landscape", 9, None)
    assert (page.column_dimensions["B"].hidden, page.column_dimensions["C"].hidden) == (True, False)
    assert page["C2"].alignment.wrap_text
    assert page.row_dimensions[2].height > page.sheet_format.defaultRowHeight * 1.5
    assert page["D2"].value == datetime(1990, 3, 7)  # noqa: DTZ001
    assert [one.id for one in page.row_breaks.brk] == [2]
    header, footer = page.oddHeader, page.oddFooter
    assert (header.left.text, header.center.text, header.right.text) == ("望海街道 && 居民清单", "打印日期 &D", "第 &P 页，共 &N 页")
    assert "签名" in footer.left.text
    protection = page.protection
    assert (protection.sheet, protection.autoFilter, protection.sort, protection.insertRows) == (
        True,
        False,
        False,
        True,
    )  # True is refused
    assert {cell.protection.locked for cell in page[1]} == {True}
    written = [cell for row in page.iter_rows(min_row=2) for cell in row if cell.value is not None or cell.column > 4]
    assert {cell.protection.locked for cell in written} == {False}  # else nobody could sort; empty cells are as their column
    rules = {str(one.sqref): (one.type, one.formula1) for one in page.data_validations.dataValidation}
    assert rules == {
        "A2:D3": ("custom", "FALSE"),
        "E2:E3": ("list", '"属实,有误"'),
        "F2:F3": ("list", '"居住地址"'),
        "G2:G3": ("custom", 'OR($F2="居住地址")'),
    }


def test_wide_list_is_printed_on_two_sheets_that_both_name_the_row() -> None:
    wide = [Column(f"列{place}", ["一二三四五六七八九十一二"]) for place in range(18)]
    page = page_of(Column("序号", ["1"], "integer"), Column("姓名", ["张三"]), *wide, frozen=2)
    assert (page.print_title_cols, page.page_setup.fitToWidth, page.page_setup.fitToHeight) == ("$A:$B", 2, 0)
    narrow = page_of(Column("序号", ["1"], "integer"), *wide[:4])
    assert (narrow.print_title_cols, narrow.page_setup.fitToWidth or 1, narrow.page_setup.fitToHeight) == (None, 1, 0)


def test_changed_content_is_another_file_and_its_date_alone_is_not() -> None:
    cover = Cover("首页", (Line("title", ("晨光社区",)),), date(2026, 6, 3))
    assert write_workbook([], cover) == write_workbook([], cover)
    assert write_workbook([], replace(cover, since=date(2026, 6, 4))) != write_workbook([], cover)
