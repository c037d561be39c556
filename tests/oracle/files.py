"""Read the formats in which resources are delivered: CSV, JSON Lines and sheets of workbooks.

Each reader returns rows by column name, every value as text, and rejects: lines that cannot be read, each with the reason.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import warnings
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

import openpyxl

from tests.oracle.columns import is_moment, is_number, is_time
from tests.oracle.shape import Column, Page

Read = tuple[list[dict], list[dict]]


@dataclass(frozen=True)
class Csv:
    """A CSV file with a header; an undecodable record or one with another number of fields is a reject."""

    encoding: str = "utf-8"

    def read(self, content: bytes, page: Page) -> Read:
        """Return rows and rejects."""
        (_, header), *body = records(content.removeprefix(b"\xef\xbb\xbf"))
        columns = [page.headers[name] for name in next(csv.reader([header.decode(self.encoding)]))]
        rows, rejects = [], []
        for line, record in body:
            try:
                fields = next(csv.reader(io.StringIO(record.decode(self.encoding), newline="")))
            except UnicodeDecodeError:
                rejects.append({"_line": line, "_reject": "undecodable", "_raw": record})
                continue
            if len(fields) != len(columns):
                wrong = "too_few_fields" if len(fields) < len(columns) else "too_many_fields"
                rejects.append({"_line": line, "_reject": wrong, "_raw": record})
                continue
            rows.append(row_of(line, {name: text or None for name, text in zip(columns, fields, strict=True) if name}, page))
        return rows, rejects


@dataclass(frozen=True)
class JsonLines:
    """A file of JSON objects, one a line; a line that is not one object with distinct keys is a reject."""

    def read(self, content: bytes, page: Page) -> Read:
        """Return rows and rejects."""
        rows, rejects = [], []
        for line, raw in enumerate(content.split(b"\n"), start=1):
            if not raw.strip():
                continue
            try:
                pairs = json.loads(raw.decode("utf-8"), object_pairs_hook=list, parse_float=str, parse_int=str)
            except ValueError:
                rejects.append({"_line": line, "_reject": "malformed_json"})
                continue
            texts = dict(pairs)
            if len(texts) != len(pairs):
                rejects.append({"_line": line, "_reject": "duplicate_key"})
                continue
            rows.append(row_of(line, {key: None if text in (None, "") else str(text) for key, text in texts.items()}, page))
        return rows, rejects


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook with its header in these rows.

    A formula, an error, a number too long, a cell too far right or merged makes a row a reject.
    """

    name: str
    first: int = 1
    last: int = 1

    def read(self, content: bytes, page: Page) -> Read:
        """Return rows and rejects."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles that a workbook lacks and serial numbers that are no date
            sheet = openpyxl.load_workbook(io.BytesIO(content))[self.name]
        columns = [page.headers[header] for header in self.headers(sheet)]
        kinds = [page.columns[name] if name else None for name in columns]
        rows, rejects = [], []
        for number in range(self.last + 1, sheet.max_row + 1):
            cells = [sheet.cell(number, column) for column in range(1, sheet.max_column + 1)]
            if all(cell.value is None for cell in cells):
                continue
            if wrong := unreadable_row(cells, len(columns)):
                rejects.append({"_line": number, "_reject": wrong})
                continue
            texts = {name: cell_text(cell, kind) for name, cell, kind in zip(columns, cells, kinds, strict=False) if name}
            rows.append(row_of(number, texts, page))
        return rows, rejects

    def headers(self, sheet) -> list[str]:
        """Return each column's header texts joined by a slash, merged cells included; empty columns at the right are left out."""
        merged = {(row, column): sheet.cell(block.min_row, block.min_col).value
                  for block in sheet.merged_cells.ranges for row in range(block.min_row, block.max_row + 1)
                  for column in range(block.min_col, block.max_col + 1)}  # fmt: skip
        found = []
        for column in range(1, sheet.max_column + 1):
            texts = [str(merged.get((row, column)) or sheet.cell(row, column).value or "") for row in range(self.first, self.last + 1)]
            found.append("/".join(dict.fromkeys(text for text in texts if text)))
        while found and not found[-1]:
            found.pop()
        return found


def records(content: bytes) -> list[tuple[int, bytes]]:
    """Return (first physical line, bytes without the line end) per record; a line end inside quotes does not end one."""
    found, line, start_line, quoted, buffer = [], 1, 1, False, bytearray()
    for piece in content.splitlines(keepends=True):
        text = piece.rstrip(b"\r\n")
        line += 1
        buffer += text
        quoted ^= text.count(b'"') % 2 == 1
        if quoted:
            buffer += piece[len(text) :]
        elif piece != text:
            found.append((start_line, bytes(buffer)))
            buffer, start_line = bytearray(), line
    if buffer:
        found.append((start_line, bytes(buffer)))
    return [(number, record) for number, record in found if record]


def unreadable_row(cells: list, width: int) -> str | None:
    """Return why a row cannot be read as texts."""
    wrong = next((found for cell in cells if (found := unreadable(cell, width))), None)
    if wrong is None and any(type(cell).__name__ == "MergedCell" for cell in cells[:width]):
        return "merged_cell"
    return wrong


def unreadable(cell, width: int) -> str | None:
    """Return why a cell cannot be read as text."""
    if cell.data_type == "f":
        return "formula_cell"
    if cell.data_type == "e":
        return "error_cell"
    if cell.column > width and cell.value is not None:
        return "too_many_fields"
    if cell.data_type == "n" and isinstance(cell.value, int | float) and abs(cell.value) >= 10**15:
        return "imprecise_number"
    return None


def cell_text(cell, column: Column) -> str | None:
    """Return a cell as text: numbers as people see them, dates and moments as their column spells them."""
    value = cell.value
    if isinstance(value, timedelta):  # a duration is a number of days
        value = value / timedelta(days=1)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else value or None
    if isinstance(value, time):
        return (datetime.combine(date(2000, 1, 1), value) + timedelta(microseconds=500_000)).strftime("%H:%M:%S")
    if isinstance(value, int | float):
        if not (is_time(column) and 10_000 <= value < 100_000):
            return number_text(value, cell.number_format, is_plain=not is_time(column) and not is_number(column))
        value = openpyxl.utils.datetime.from_excel(value, cell.parent.parent.epoch)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return moment_text(value + timedelta(microseconds=500_000), cell.number_format, column)


def number_text(value: float, shown: str, *, is_plain: bool) -> str:
    """Return a number of at most fifteen digits; in a column of plain text a format of zeros fills it up."""
    exact = Decimal(repr(value))
    if exact != exact.to_integral_value():
        kept = 14 - exact.adjusted()
        return format(exact.quantize(Decimal(1).scaleb(-kept), ROUND_HALF_UP).normalize(), "f")
    digits = str(int(exact))
    return digits.rjust(len(shown), "0") if is_plain and value >= 0 and set(shown) == {"0"} and len(shown) > 1 else digits


def moment_text(at: datetime, shown: str, column: Column) -> str:
    """Return a moment: the month or the year where its cell shows no more, the day at midnight, both for a column of moments."""
    letters = set(re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", shown.split(";", maxsplit=1)[0]).lower()) & set("ymdhs")
    is_midnight = (at.hour, at.minute, at.second) == (0, 0, 0)
    if is_midnight and at.day == 1 and letters == {"y", "m"}:
        return at.strftime("%Y-%m")
    if is_midnight and (at.month, at.day) == (1, 1) and letters == {"y"}:
        return at.strftime("%Y")
    return at.strftime("%Y-%m-%d" if is_midnight and not is_moment(column) else "%Y-%m-%d %H:%M:%S")


def row_of(line: int, texts: dict, page: Page) -> dict:
    """Return a row with its hash over the texts in contract order."""
    values = [texts.get(name) for name in page.columns]
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return {**dict(zip(page.columns, values, strict=True)), "_line": line, "_row_hash": hashlib.sha256(canonical.encode()).hexdigest()}
