"""Read the formats in which resources are delivered: CSV, JSON Lines and sheets of workbooks.

Each reader returns rows by column name, every value as text, and rejects: lines that cannot be read, each with the reason.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import openpyxl

from tests.oracle.columns import is_time
from tests.oracle.shape import Column, Page
from tests.oracle.text import is_too_long

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
            if any(map(is_too_long, fields)):
                rejects.append({"_line": line, "_reject": "oversize_cell", "_raw": record})
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
                pairs = json.loads(raw.decode("utf-8"), object_pairs_hook=list, parse_float=Spelled, parse_int=Spelled)
            except ValueError:
                rejects.append({"_line": line, "_reject": "malformed_json"})
                continue
            texts = dict(pairs)
            if len(texts) != len(pairs):
                rejects.append({"_line": line, "_reject": "duplicate_key"})
                continue
            told = {key: json_text(text, page.columns.get(key)) for key, text in texts.items()}
            if any(map(is_too_long, told.values())):
                rejects.append({"_line": line, "_reject": "oversize_cell"})
                continue
            rows.append(row_of(line, told, page))
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
        sheet = openpyxl.load_workbook(io.BytesIO(content))[self.name]
        columns = [page.headers[header] for header in self.headers(sheet)]
        are_times = [name is not None and is_time(page.columns[name]) for name in columns]
        rows, rejects = [], []
        for number in range(self.last + 1, sheet.max_row + 1):
            cells = [sheet.cell(number, column) for column in range(1, sheet.max_column + 1)]
            if all(cell.value is None for cell in cells):
                continue
            if wrong := unreadable_row(cells, len(columns)):
                rejects.append({"_line": number, "_reject": wrong})
                continue
            texts = {name: cell_text(cell, at) for name, cell, at in zip(columns, cells, are_times, strict=False) if name}
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


class Spelled(str):
    """A number of JSON as it was spelled."""


def json_text(value: object, column: Column | None) -> str | None:
    """Return a value of JSON as text; a number by its value, unless digits may be lost or it has no value the column can take."""
    if value in (None, ""):
        return None
    if not isinstance(value, Spelled) or column is None or re.fullmatch("-?[0-9]+", value):
        return str(value)
    exact, has_decimals = Decimal(value), bool(column.decimals)
    if len(value) > 80 or not -41 < exact.adjusted() < 41 or (has_decimals and not re.search("[eE]", value)):
        return str(value)
    if exact % 1:
        return format(exact, "f") if has_decimals else str(value)
    return str(value) if column.value is None and exact.adjusted() > 14 else str(int(exact))


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
    if cell.data_type == "s" and is_too_long(cell.value):
        return "oversize_cell"
    if cell.data_type == "n" and isinstance(cell.value, int | float) and abs(cell.value) >= 10**15:
        return "imprecise_number"
    return None


def cell_text(cell, is_date: bool) -> str | None:
    """Return a cell as text: whole numbers without a point, moments as ISO, a serial number in a column of dates as its moment."""
    value = cell.value
    if is_date and isinstance(value, int | float) and not isinstance(value, bool):
        value = openpyxl.utils.datetime.from_excel(value, cell.parent.parent.epoch)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == datetime.min.time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value in (None, "") else str(value)


def row_of(line: int, texts: dict, page: Page) -> dict:
    """Return a row with its hash over the texts in contract order."""
    values = [texts.get(name) for name in page.columns]
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return {**dict(zip(page.columns, values, strict=True)), "_line": line, "_row_hash": hashlib.sha256(canonical.encode()).hexdigest()}
