"""Workbooks: the same rows give the same bytes, every cell is text, no cell is a formula."""

from __future__ import annotations

import io
import time
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import QualityError
from lakehouse.returns.workbook import Cover, Line, Sheet, read_sheet, write_workbook

pytestmark = pytest.mark.fast

DANGEROUS = ["=1+1", "+86 756", "-5", "@SUM(A1)", "\t=1", "\r=1", "'=1", "<r><t>x</t></r>", "<r>&</r>"]


def test_same_rows_are_the_same_bytes_at_another_time() -> None:
    sheets = [Sheet("居民清单", ("姓名", "年龄"), [["张三", "𠮷野"], ["70-74", None]])]
    first = write_workbook(sheets)
    time.sleep(2.1)  # the resolution of times in a zip file
    assert write_workbook(sheets) == first
    assert {one.date_time for one in zipfile.ZipFile(io.BytesIO(first)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_cells_are_text_and_formulas_are_harmless() -> None:
    numbers = ["44990119900307001X", "0012", "4.5E+17", "2026-06-01"]
    content = write_workbook([Sheet("s", ("值",), [[*DANGEROUS, *numbers]])])
    page = openpyxl.load_workbook(io.BytesIO(content))["s"]
    cells = [page.cell(row, 1) for row in range(2, 2 + len(DANGEROUS) + len(numbers))]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert [cell.value for cell in cells[-4:]] == numbers
    assert read_sheet(content, "s") == [[text] for text in (*DANGEROUS, *numbers)]


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_reading_gives_back_what_was_written(values: list[str | None]) -> None:
    keys = [f"k{place}" for place in range(len(values))]
    content = write_workbook([Sheet("other", ("x",), [["y"]]), Sheet("s", ("k", "v"), [keys, values])])
    assert read_sheet(content, "s") == [[key, value] for key, value in zip(keys, values, strict=True)]


def test_cell_that_does_not_fit_is_loud() -> None:
    with pytest.raises(QualityError, match="1 cells do not fit"):
        write_workbook([Sheet("s", ("值",), [["x" * 32768]])])


def test_cover_comes_first_and_lists_are_made_to_be_read() -> None:
    cover = Cover("首页", (Line("title", ("晨光社区",)), Line("head", ("清单", "新增")), Line("task", ("=1+1", "2"))))
    content = write_workbook([Sheet("居民清单", ("行标识", "姓名"), [["K1", "K2"], ["张三", "李四"]])], cover)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["首页", "居民清单"]
    assert [[cell.value for cell in row if cell.value is not None] for row in book["首页"].iter_rows()] == [
        ["晨光社区"], ["清单", "新增"], ["'=1+1", "2"],
    ]  # fmt: skip
    page = book["居民清单"]
    assert (page.freeze_panes, page.auto_filter.ref, page.print_title_rows) == ("C2", "A1:B3", "$1:$1")
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert (page.page_setup.fitToWidth or 1, page.print_title_cols) == (1, None)
    assert page["A1"].font.b
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}


def test_wide_list_is_printed_on_two_sheets_that_both_name_the_row() -> None:
    headers = ("行标识", "姓名", *(f"列{place}" for place in range(14)))
    content = write_workbook([Sheet("s", headers, [["K1"], ["张三"], *([["一二三四五六七"]] * 14)])])
    page = openpyxl.load_workbook(io.BytesIO(content))["s"]
    assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight, page.print_title_cols) == (2, 0, "$A:$B")
