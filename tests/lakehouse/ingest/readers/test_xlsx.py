"""Workbooks: every row below the header becomes a record or a named reject, an unreadable file is refused, both counters agree."""

from __future__ import annotations

import io
import random
import re
import struct
import time
import zipfile
from collections import Counter
from contextlib import suppress
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import xlsx
from lakehouse.ingest.readers.records import MAX_CELL_CHARACTERS
from tests.lakehouse.ingest.readers.books import (
    CHINESE_DAY,
    CLOCK,
    DAY,
    DURATION,
    FIRST_FREE,
    HEAD,
    MAIN,
    MOMENT,
    Book,
    body,
    number,
    packed,
    row,
)
from tests.lakehouse.ingest.readers.contract import column, contract

pytestmark = pytest.mark.fast
COLUMNS = [column("甲", key=True), column("乙"), column("secret", dropped=True)]
DATES = [column("甲", key=True), column("乙", type="date")]
TIMES = [column("甲", key=True), column("乙", type="timestamp")]
NUMBERS = [column("甲", key=True), column("乙", type="integer")]
MONTH = 'yyyy"年"m"月"'
COMPACT = [column("甲", key=True), column("乙", type="date", format="yyyyMMdd")]
FORMULA = '<c r="@"><f>A1*2</f><v>84</v></c>'
ERROR = '<c r="@" t="e"><v>#N/A</v></c>'
UNCALCULATED = '<c r="@"><f>A1*2</f></c>'
SPOILERS = ("", "<", "/>", '"', '"A2"', "-1", "999999999999", 't="s"', "&#0;", "<v>", "</v>", "NaN", "1e400", 'r="ZZZ9"')
NAMELESS = "<c t='inlineStr'><is><t>{}</t></is></c>"
TWICE = '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>'
Outcome = list[tuple[Any, ...]]


def source(**changes: Any) -> dict[str, Any]:
    return {"kind": "xlsx", "path": "t/{date}_{n}.xlsx", "sheet": "表", **changes}


def sheet_of(columns: list[dict[str, Any]], **changes: Any) -> Contract:
    return contract("csv", source=source(**changes), columns=columns)


def read(content: bytes, of: Contract) -> Outcome:
    """Read a workbook: return (line, texts) or (line, reject) per record; the second counter must find as many."""
    records = list(xlsx.read(io.BytesIO(content), of, "some.xlsx"))
    assert xlsx.count(io.BytesIO(content), of) == len(records)
    assert all(bool(record.raw) == bool(record.reject) for record in records)
    return [(record.line, *(record.texts or (record.reject,))) for record in records]


def cell(value: Any, columns: list[dict[str, Any]] | None = None, **book: Any) -> tuple[bytes, Contract]:
    """Return a book whose second row is `k` and the value, and a contract for it."""
    declared = [one for one in columns or COLUMNS if not one.get("dropped")]
    return Book(body(("k", value)), **book).content(), sheet_of(declared)


def formatted(
    text: str, code: str | int, columns: list[dict[str, Any]] | None = None, *, kind: str = "n", **book: Any
) -> tuple[bytes, Contract]:
    """Return a book whose second row is `k` and a value with a format of its own, and a contract for it."""
    return cell(f'<c r="@" s="{FIRST_FREE}" t="{kind}"><v>{text}</v></c>', columns, formats=(code,), **book)


def iso(text: str) -> str:
    return f'<c r="@" t="d"><v>{text}</v></c>'


CELLS: dict[str, tuple[tuple[bytes, Contract], Any]] = {
    "a text": (cell(" 张三 "), " 张三 "),
    "an empty text is null": (cell(""), None),
    "a whole number has no point": (cell(number("12.0")), "12"),
    "a whole number with an exponent": (cell(number("1.38E+10")), "13800000000"),
    "a fraction as people saw it": (cell(number("1.1000000000000001")), "1.1"),
    "money with two digits": (cell(number("1234.56")), "1234.56"),
    "a very small number": (cell(number("1E-5")), "0.00001"),
    "minus zero": (cell(number("-0")), "0"),
    "fifteen digits are exact": (cell(number("440106198001011")), "440106198001011"),
    "an identity number that lost its digits": (cell(number("4.40106198001011E+17")), "imprecise_number"),
    "eighteen digits written out": (cell(number("440106198001011234")), "imprecise_number"),
    "the text of a lost number stays": (cell("4.49902E+17"), "4.49902E+17"),
    "digits as text keep their zeros": (cell("00449901"), "00449901"),
    "true": (cell('<c r="@" t="b"><v>1</v></c>'), "true"),
    "false": (cell('<c r="@" t="b"><v>0</v></c>'), "false"),
    "an error value": (cell(ERROR), "error_cell"),
    "a formula": (cell(FORMULA), "formula_cell"),
    "a shared text in runs, its reading aid left out": (
        cell('<c r="@" t="s"><v>0</v></c>', strings=("<r><t>张</t></r><r><rPr><b/></rPr><t xml:space='preserve"
             "'> 三</t></r><rPh sb='0' eb='1'><t>zhang</t></rPh>",)),
        "张 三",
    ),
    "a line break written as _x000A_": (cell("一_x000A_二"), "一\n二"),
    "an escaped escape": (cell("_x005F_x000A_"), "_x000A_"),
    "half a character": (cell("_xD83D_"), "undecodable"),
    "a zero character": (cell("a_x0000_"), "nul_byte"),
    "the largest cell": (cell("长" * MAX_CELL_CHARACTERS), "长" * MAX_CELL_CHARACTERS),
    "a cell too large with its apostrophe": (cell("@" + "长" * (MAX_CELL_CHARACTERS - 1)), "oversize_cell"),
    "a cell too large in units of UTF-16": (cell("\U0001f6a7" * 20_000), "oversize_cell"),
    "a cell too large": (cell("长" * (MAX_CELL_CHARACTERS + 1)), "oversize_cell"),
    "a date, shown as one, in a column of texts": (cell(number("46174", DAY)), "2026-06-01"),
    "a date in the Chinese built-in format": (cell(number("46174", CHINESE_DAY)), "2026-06-01"),
    "a moment, shown as one": (cell(number("46174.520833333336", MOMENT)), "2026-06-01 12:30:00"),
    "a time of day": (cell(number("0.5", CLOCK)), "12:00:00"),
    "a duration is a number": (cell(number("1.5", DURATION)), "1.5"),
    "a serial number in a column of dates": (cell(number("46174"), DATES), "2026-06-01"),
    "a date as text": (cell("2026/6/1", DATES), "2026/6/1"),
    "a date with a time of day": (cell(number("46174.25"), DATES), "2026-06-01 06:00:00"),
    "midnight in a column of moments": (cell(number("46174"), TIMES), "2026-06-01 00:00:00"),
    "the second before midnight": (cell(number("46174.999988425923"), TIMES), "2026-06-01 23:59:59"),
    "a date in the declared format": (cell(number("46174"), COMPACT), "20260601"),
    "digits that are no serial number": (cell(number("20260601"), COMPACT), "20260601"),
    "the first of January 1900": (cell(number("1", DAY), DATES), "1900-01-01"),
    "the day that never was": (cell(number("60", DAY), DATES), "60"),
    "the first of March 1900": (cell(number("61", DAY), DATES), "1900-03-01"),
    "before the calendar": (cell(number("-1"), DATES), "-1"),
    "the same number counted from 1904": (cell(number("44712"), DATES, from_1904=True), "2026-06-01"),
    "a year in a column of dates": (cell(number("2027"), DATES), "2027"),
    "a year with a format of numbers": (formatted("2027", "0_ ", DATES), "2027"),
    "a year and a month in a column of dates": (cell(number("202703"), DATES), "202703"),
    "a short year and a month in a column of moments": (cell(number("2605"), TIMES), "2605"),
    "the number of a month in a column of dates": (cell(number("5"), DATES), "5"),
    "a year in a workbook that counts from 1904": (cell(number("2027"), DATES, from_1904=True), "2027"),
    "a year shown as the date it stands for": (cell(number("2027", DAY), DATES), "1905-07-19"),
    "the first and last serial numbers without a format": (cell(number("10000"), DATES), "1927-05-18"),
    "one day later than the last": (cell(number("100000"), DATES), "100000"),
    "an ISO date": (cell(iso("2026-06-01"), DATES), "2026-06-01"),
    "an ISO midnight in a column of dates": (cell(iso("2026-06-01T00:00:00"), DATES), "2026-06-01"),
    "an ISO midnight with seven decimals": (cell(iso("2026-06-01T00:00:00.0000000"), DATES), "2026-06-01"),
    "an ISO midnight in the declared format": (cell(iso("2026-06-01T00:00"), COMPACT), "20260601"),
    "an ISO date in a column of moments": (cell(iso("2026-06-01"), TIMES), "2026-06-01 00:00:00"),
    "an ISO moment in a column of moments": (cell(iso("2026-06-01T08:00:00.5"), TIMES), "2026-06-01 08:00:01"),
    "an ISO moment in a column of dates": (cell(iso("2026-06-01T08:00:00"), DATES), "2026-06-01 08:00:00"),
    "an ISO moment in a column of texts": (cell(iso("2026-06-01T08:00:00")), "2026-06-01 08:00:00"),
    "an ISO midnight in a column of texts": (cell(iso("2026-06-01T00:00:00")), "2026-06-01"),
    "an ISO time of day": (cell(iso("10:10:10")), "10:10:10"),
    "an ISO time of day in a column of dates": (cell(iso("10:10"), DATES), "10:10:00"),
    "the last moment of a day": (cell(iso("23:59:59.9")), "23:59:59"),
    "an ISO moment in another zone": (cell(iso("2026-06-01T00:00:00Z"), DATES), "2026-06-01T00:00:00Z"),
    "an ISO day of no calendar": (cell(iso("2026-02-30"), DATES), "2026-02-30"),
    "an ISO year": (cell(iso("2027"), DATES), "2027"),
    "the end of all calendars": (cell(iso("9999-12-31T23:59:59.9"), TIMES), "9999-12-31T23:59:59.9"),
    "no date at all": (cell(iso("下周一")), "下周一"),
    "a month built into programs": (formatted("46143", 17), "2026-05"),
    "a Chinese month built into programs": (formatted("46143", 57), "2026-05"),
    "a Chinese month": (formatted("46143", MONTH), "2026-05"),
    "a month with a dash": (formatted("46143", "yyyy\\-mm"), "2026-05"),
    "a month in Chinese digits": (formatted("46143", "[DBNum1]yyyy年m月;@"), "2026-05"),
    "a month counted from 1904": (formatted("44681", MONTH, from_1904=True), "2026-05"),
    "a month as an ISO date": (formatted("2026-05-01T00:00:00", MONTH, kind="d"), "2026-05"),
    "a month in a column of dates": (formatted("46143", MONTH, DATES), "2026-05"),
    "a day that is shown as a month": (formatted("46159", MONTH), "2026-05-17"),
    "a moment that is shown as a month": (formatted("46143.5", MONTH), "2026-05-01 12:00:00"),
    "a year shown as a year": (formatted("46023", "yyyy"), "2026"),
    "a day that is shown as a year": (formatted("46143", "yyyy"), "2026-05-01"),
    "a month without a year": (formatted("46143", 'm"月"'), "2026-05-01"),
    "a code with its zero": (formatted("1", "00"), "01"),
    "a code of twelve digits": (formatted("1001", "000000000000"), "000000001001"),
    "a code longer than its zeros": (formatted("123", "00"), "123"),
    "a code with spaces and colours in its format": (formatted("7", '[Red]000_ ;[Red]-000\\ '), "007"),
    "zero in a format of zeros": (formatted("0", "00"), "00"),
    "zero that is shown in another way": (formatted("1", '00;-00;"无"'), "1"),
    "a fraction in a format of zeros": (formatted("1.5", "00"), "1.5"),
    "a negative number in a format of zeros": (formatted("-1", "00"), "-1"),
    "a number of a format of zeros": (formatted("5", "00", NUMBERS), "5"),
    "an identity number that lost digits in a format of zeros": (
        formatted("4.40106198001011E+17", "0" * 18), "imprecise_number",
    ),
    "a style that is not there": (cell('<c r="@" s="99"><v>46174</v></c>'), "46174"),
    "a style that is no number": (cell('<c r="@" s="-1"><v>46174</v></c>'), "46174"),
    "a text that is not in the file": (cell('<c r="@" t="s"><v>7</v></c>'), "malformed_cell"),
    "a text before the first one": (cell('<c r="@" t="s"><v>-1</v></c>', strings=("<t>张</t>",)), "malformed_cell"),
    "a text without a number": (cell('<c r="@" t="s"><v>x</v></c>', strings=("<t>张</t>",)), "malformed_cell"),
    "a truth value that is none": (cell('<c r="@" t="b"><v>2</v></c>'), "malformed_cell"),
    "a number that is none": (cell(number("12,5")), "malformed_cell"),
    "a number in other digits": (cell(number("１２")), "malformed_cell"),
    "a blank number": (cell(number(" ")), "malformed_cell"),
    "a number without end": (cell(number("INF")), "imprecise_number"),
    "an exponent beyond all numbers": (cell(number("1e99999")), "imprecise_number"),
    "a kind nobody knows": (cell('<c r="@" t="x"><v>1</v></c>'), "malformed_cell"),
    "two values in one cell": (cell('<c r="@"><v>1</v><is><t>2</t></is></c>'), "malformed_cell"),
    "an inline text in the place of a number": (cell('<c r="@" t="inlineStr"><v>1</v></c>'), "malformed_cell"),
    "a reference that is none": (cell('<c r="?"><v>1</v></c>'), "malformed_cell"),
    "a reference to another row": (cell('<c r="B9"><v>1</v></c>'), "malformed_cell"),
    "the place of another cell": (cell('<c r="A2"><v>1</v></c>'), "malformed_cell"),
    "an empty cell at the place of another one": (cell('<c r="A2"/>'), None),
    "a character written as its two halves": (cell("_xD842__xDFB7_野"), "𠮷野"),
    "characters a cell counts twice": (cell("𠮷" * (MAX_CELL_CHARACTERS // 2)), "𠮷" * (MAX_CELL_CHARACTERS // 2)),
    "too many characters that a cell counts twice": (cell("𠮷" * (MAX_CELL_CHARACTERS // 2 + 1)), "oversize_cell"),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_has_its_outcome(name: str) -> None:
    (content, of), expected = CELLS[name]
    found = read(content, of)
    assert found in ([(2, "k", expected)], [(2, expected)])
    assert (len(found[0]) == 2) is (expected in REJECTS)


REJECTS = {"malformed_cell", "imprecise_number", "error_cell", "formula_cell", "undecodable", "nul_byte", "oversize_cell"}

TWO_ROWS = row(1, "表题") + row(2, "案件", "成员", None) + row(3, None, "姓名", "身份证号") + row(4, "1", "张三", "x")
BODIES: dict[str, tuple[bytes, Contract, Outcome]] = {
    "header in another order, a column dropped": (
        Book(body(("s", "2", "1"), header=("secret", "乙", "甲"))).content(), sheet_of(COLUMNS), [(2, "1", "2")],
    ),
    "blank rows are no records and lines stay": (
        Book(row(1, "甲", "乙") + row(3, "1", "2") + '<row r="4"><c r="A4" s="1"/></row>' + row(7, "3", "") + row(9, "", "")).content(),
        sheet_of(COLUMNS[:2]), [(3, "1", "2"), (7, "3", None)],
    ),
    "a value right of the header": (
        Book(body(("1", "2", "3"), ("4", "5", ""))).content(), sheet_of(COLUMNS[:2]), [(2, "too_many_fields"), (3, "4", "5")],
    ),
    "one bad cell costs one row": (
        Book(body(("1", FORMULA), ("3", "4"))).content(), sheet_of(COLUMNS[:2]), [(2, "formula_cell"), (3, "3", "4")],
    ),
    "stored results where the contract says so": (
        Book(body(("1", FORMULA), ("3", UNCALCULATED))).content(), sheet_of(COLUMNS[:2], formulas="result"),
        [(2, "1", "84"), (3, "formula_cell")],
    ),
    "merged header in two rows below a title": (
        Book(TWO_ROWS, merged=("A1:C1", "A2:A3", "B2:C2")).content(),
        sheet_of([column(name) for name in ("案件", "成员/姓名", "成员/身份证号")], headerFrom=2, headerRows=2), [(4, "1", "张三", "x")],
    ),
    "cells merged below the header": (
        Book(body(("1", "2"), (None, "3"), ("4", "5"), ("6", None)), merged=("A2:A3", "A5:B5")).content(), sheet_of(COLUMNS[:2]),
        [(2, "1", "2"), (3, "merged_cell"), (4, "4", "5"), (5, "merged_cell")],
    ),
    "one odd cell costs one row": (
        Book(body(("1", iso("10:10:10")), ('<c r="@" t="s"><v>9</v></c>', "2"), ("3", "4"), ("5", number("x")), ("6", "7"))).content(),
        sheet_of(COLUMNS[:2]), [(2, "1", "10:10:10"), (3, "malformed_cell"), (4, "3", "4"), (5, "malformed_cell"), (6, "6", "7")],
    ),
    "cells in another order": (
        Book(body() + '<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c></row>').content(), sheet_of(COLUMNS[:2]), [(2, "1", "2")],
    ),
    "one place twice": (
        Book(body() + TWICE + row(3, "3", "4")).content(), sheet_of(COLUMNS[:2]), [(2, "malformed_cell"), (3, "3", "4")],
    ),
    "one value twice": (
        Book(body(("1", '<c r="@"><v>1</v><v>2</v></c>'), ("3", "4"))).content(), sheet_of(COLUMNS[:2]),
        [(2, "malformed_cell"), (3, "3", "4")],
    ),
    "an odd cell above the header": (
        Book('<row r="1"><c r="?"><v>x</v></c><c r="A1" t="s"><v>9</v></c></row>' + row(2, "甲", "乙") + row(3, "1", "2")).content(),
        sheet_of(COLUMNS[:2], headerFrom=2), [(3, "1", "2")],
    ),
    "what other programs leave in a row": (
        Book(body() + '<row r="2"><c r="A2"><v>1</v></c><extLst><ext uri="x"/></extLst><c r="B2"><v>2</v></c></row>').content(),
        sheet_of(COLUMNS[:2]), [(2, "1", "2")],
    ),
    "rows that hold nothing but what is rejected": (
        Book(body((ERROR,), (UNCALCULATED,), ('<c r="@" t="s"><v>0</v></c>',)), strings=("<t></t>",)).content(),
        sheet_of(COLUMNS[:2]), [(2, "error_cell"), (3, "formula_cell")],
    ),
    "header only": (Book(row(1, "甲", "乙")).content(), sheet_of(COLUMNS[:2]), []),
    "cells without references": (
        Book("".join(f"<row>{cells}</row>" for cells in (NAMELESS.format("甲") + NAMELESS.format("乙"), "<c><v>1</v></c>"))).content(),
        sheet_of(COLUMNS[:2]), [(2, "1", None)],
    ),
    "a cell at the far end of the sheet": (
        Book(body(("1", "2")) + '<row r="1048576"><c r="A1048576"><v>1</v></c></row>').content(), sheet_of(COLUMNS[:2]),
        [(2, "1", "2"), (1048576, "1", None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_every_row_has_its_outcome(name: str) -> None:
    content, of, expected = BODIES[name]
    assert read(content, of) == expected


def lying(content: bytes) -> bytes:
    """Return the file with sizes in its zip directory that are smaller than its parts."""
    changed, start = bytearray(content), content.index(b"PK\x01\x02")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for _ in archive.infolist():
            changed[start + 24 : start + 28] = struct.pack("<I", 10)
            name, extra, comment = struct.unpack("<HHH", content[start + 28 : start + 34])
            start += 46 + name + extra + comment
    return bytes(changed)


PLAIN = Book(body(("1", "2")))
ENTITY = f'{HEAD}<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/hostname">]><sst xmlns="{MAIN}"><si><t>&x;</t></si></sst>'
STRINGS, SHEET = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
REFUSED: dict[str, tuple[bytes, str]] = {
    "another sheet": (Book(body(("1", "2")), name="表1").content(), "there is no sheet 表 among the 1 sheets."),
    "a header with a space": (Book(body(("1", "2"), header=("甲 ", "乙"))).content(), "missing: 甲; 未声明 / not declared: column 1."),
    "a header twice": (Book(body(("1", "2", "3"), header=("甲", "乙", "甲"))).content(), "more than once: 甲."),
    "no header": (Book(body(("1", "2"), header=("张三", "乙"))).content(), "missing: 甲; 未声明 / not declared: column 1."),
    "an empty sheet": (Book("").content(), "missing: 甲, 乙."),
    "a formula in the header": (Book(row(1, "甲", FORMULA)).content(), "cell B1 cannot be read (formula_cell)."),
    "a place twice in the header": (
        Book('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>').content(), "row 1 cannot be read (malformed_cell).",
    ),
    "encrypted, or the old format": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "is encrypted, or of the old format (.xls)."),
    "a text file": ("甲,乙\n1,2\n".encode(), "the file is no workbook, only its name is that of one"),
    "a web page": ("\ufeff\n<html><table>张三</table></html>".encode(), "the file is a web page or plain XML"),
    "nothing": (b"", "the file is empty."),
    "a zip file of something else": (packed({"a.txt": "甲"}), "no part of it is the workbook itself."),
    "cut off": (PLAIN.content()[:-200], "the file is cut off or damaged: it cannot be unpacked."),
    "a sheet whose XML ends early": (PLAIN.content(**{SHEET: "<worksheet><sheetData>"}), "it is no well-formed XML."),
    "rows out of order": (Book(row(1, "甲", "乙") + row(3, "1") + row(2, "2")).content(), "rows are not in order: after row 3 comes"),
    "one row twice": (Book(row(1, "甲", "乙") + row(2, "张三") + row(2, "2")).content(), "rows are not in order: after row 2 comes"),
    "a row without a number": (Book(row(1, "甲", "乙") + '<row r="x"><c><v>1</v></c></row>').content(), "or with none that can be read."),
    "a row beyond all sheets": (
        Book(row(1, "甲", "乙") + '<row r="99999999999999999999"><c><v>1</v></c></row>').content(), "after row 1 comes",
    ),
    "a merged range that is none": (Book(body(("1", "2")), merged=("#REF!",)).content(), "merged cells whose range cannot be read."),
    "an entity of its own": (PLAIN.content(**{STRINGS: ENTITY}), "a part declares entities of its own"),
    "an entity in UTF-16": (PLAIN.content(**{STRINGS: ENTITY.replace("UTF-8", "UTF-16").encode("utf-16")}), "or is not UTF-8"),
    "a bomb": (PLAIN.content(**{"xl/media/image1.png": b"\0" * (65 * 1024 * 1024)}), "the workbook is too large when it is unpacked"),
    "sizes that lie": (lying(PLAIN.content()), "the file is cut off or damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_every_other_file_is_refused_by_name(name: str) -> None:
    content, found = REFUSED[name]
    of = sheet_of(COLUMNS[:2])
    with pytest.raises(SourceError) as told:
        list(xlsx.read(io.BytesIO(content), of, "some.xlsx"))
    assert found in str(told.value)
    assert "张三" not in str(told.value)
    assert re.search("Error|BadZip|Exception", str(told.value)) is None
    xlsx.count(io.BytesIO(content), of)  # returns the number of records, or 0, and never fails


def test_hidden_sheets_are_remarked_upon_by_place() -> None:
    book = Book(body(("1", "2")), others={"旧名单": "hidden", "说明": "visible", "底稿": "veryHidden"})
    of = sheet_of(COLUMNS[:2])
    assert xlsx.remarks(io.BytesIO(book.content()), of) == ["hidden sheets that are not read: 2, 4 of 4"]
    assert xlsx.remarks(io.BytesIO(PLAIN.content()), of) == []
    assert xlsx.remarks(io.BytesIO(Book(body(("1", "2")), state="hidden").content()), of) == ["the declared sheet is hidden"]


def test_a_far_corner_makes_no_room_for_every_cell() -> None:
    corner = Book(body(("1", "2")) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>').content()
    assert read(corner, sheet_of(COLUMNS[:2])) == [(2, "1", "2"), (1048576, "too_many_fields")]


def test_whatever_is_broken_in_a_workbook_it_is_read_or_refused() -> None:
    """Spoil parts and bytes at random: the only error is a refusal, and both counters agree whenever the reader succeeds."""
    chance = random.Random(4)
    rows = body(("1", number("46174", DAY)), ('<c r="@" t="s"><v>0</v></c>', "x"), (FORMULA, ERROR))
    parts = Book(rows, strings=("<t>张</t>",), merged=("A9:B9",)).parts()
    outcomes = Counter[str]()
    for _ in range(400):
        path = chance.choice(list(parts))
        place, length = chance.randrange(len(parts[path])), chance.choice((0, 1, 2, 20))
        spoilt = parts[path][:place] + chance.choice(SPOILERS) + parts[path][place + length :]
        content = bytearray(packed({**parts, path: spoilt}))
        if chance.random() < 0.2:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        with suppress(SourceError):
            outcomes["read"] += bool(read(bytes(content), sheet_of(COLUMNS[:2])))
            continue
        outcomes["refused"] += 1
        xlsx.count(io.BytesIO(content), sheet_of(COLUMNS[:2]))
    assert min(outcomes["read"], outcomes["refused"]) > 50, outcomes


def test_three_hundred_ledgers_of_two_programs_are_read_in_seconds() -> None:
    """Files of both usual programs are read the same; the time limit is far above what an idle machine needs."""
    of = sheet_of([column(f"列{place}") for place in range(8)])
    table = [[f"值{line}-{place}" for place in range(8)] for line in range(60)]
    by_xlsxwriter, by_openpyxl = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(by_xlsxwriter, {"in_memory": True}) as book:
        page = book.add_worksheet("表")
        for line, values in enumerate([[f"列{place}" for place in range(8)], *table]):
            page.write_row(line, 0, values)
    other = openpyxl.Workbook()
    other.active.title = "表"
    for values in [[f"列{place}" for place in range(8)], *table]:
        other.active.append(values)
    other.save(by_openpyxl)
    expected = [(line, *values) for line, values in enumerate(table, 2)]
    began = time.process_time()
    for _ in range(20):
        assert read(by_xlsxwriter.getvalue(), of) == read(by_openpyxl.getvalue(), of) == expected
    assert (time.process_time() - began) * 300 / 40 < 30
