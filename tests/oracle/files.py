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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

import openpyxl

from tests.oracle.columns import is_moment, is_number, is_time
from tests.oracle.shape import Column, Page
from tests.oracle.text import is_too_long
from tests.oracle.workbook import sheet_of

Read = tuple[list[dict], list[dict]]
LONGEST = 100  # lines that a quote may stay open
MISREAD = (("gb18030", "utf-8", "foreign_utf8"), ("latin-1", "utf-8", "encoded_twice"), ("latin-1", "gb18030", "encoded_twice"))


@dataclass(frozen=True)
class Csv:
    """A CSV file with a header; a record that cannot be decoded, of another number of fields or with stray quotes is a reject.

    `is_ours`: a database wrote it, so no quote is stray.
    """

    encoding: str = "utf-8"
    is_ours: bool = False

    def read(self, content: bytes, page: Page) -> Read:
        """Return rows and rejects."""
        lines = (
            content.removeprefix(b"\x84\x31\x95\x33" if self.encoding == "gb18030" else b"")
            .removeprefix(b"\xef\xbb\xbf")
            .splitlines(keepends=True)
        )
        _, header, _ = next(records(lines, 0, is_ours=True))
        columns = [page.headers[name] for name in next(csv.reader(io.StringIO(header.decode(self.encoding), newline="")))]
        rows, rejects = [], []
        for line, record, is_broken in list(records(lines, len(columns), is_ours=self.is_ours))[1:]:
            try:
                fields = [] if is_broken else next(csv.reader(io.StringIO(record.decode(self.encoding), newline="")))
                wrong = "bad_quoting" if is_broken else wrong_width(len(fields), len(columns)) or misread(kept(columns, fields))
            except UnicodeDecodeError:
                wrong = "undecodable"
            if wrong:
                rejects.append({"_line": line, "_reject": wrong, "_raw": record})
            elif any(map(is_too_long, fields)):
                rejects.append({"_line": line, "_reject": "oversize_cell", "_raw": record})
            else:
                rows.append(row_of(line, {name: text or None for name, text in zip(columns, fields, strict=True) if name}, page))
        return rows, rejects


@dataclass(frozen=True)
class JsonLines:
    """A file of JSON objects, one a line; a line that is not one object with distinct keys is a reject."""

    def read(self, content: bytes, page: Page) -> Read:
        """Return rows and rejects."""
        rows, rejects = [], []
        for line, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
            if not raw.strip():
                continue
            try:
                pairs = json.loads(raw.decode("utf-8"), object_pairs_hook=list, parse_float=Spelled, parse_int=Spelled)
            except UnicodeDecodeError:
                rejects.append({"_line": line, "_reject": "undecodable"})
                continue
            except (ValueError, RecursionError):
                rejects.append({"_line": line, "_reject": "malformed_json"})
                continue
            if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):  # a list of nothing passes for no keys
                rejects.append({"_line": line, "_reject": "not_an_object"})
                continue
            texts = dict(pairs)
            if len(texts) != len(pairs):
                rejects.append({"_line": line, "_reject": "duplicate_key"})
                continue
            if any(isinstance(text, str) and re.search("[\ud800-\udfff]", text) for text in texts.values()):  # half a character
                rejects.append({"_line": line, "_reject": "undecodable"})
                continue
            told = {key: json_text(text, page.columns.get(key)) for key, text in texts.items()}
            if any(map(is_too_long, told.values())):
                rejects.append({"_line": line, "_reject": "oversize_cell"})
                continue
            if wrong := misread(filter(None, told.values())):
                rejects.append({"_line": line, "_reject": wrong})
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
        """Return rows and rejects, opened by the library."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles that a workbook lacks and serial numbers that are no date
            sheet = openpyxl.load_workbook(io.BytesIO(content))[self.name]
        return self.rows(sheet, page)

    def read_xml(self, content: bytes, page: Page) -> Read:
        """Return rows and rejects, read from the XML alone."""
        return self.rows(sheet_of(content, self.name), page)

    def rows(self, sheet, page: Page) -> Read:
        """Return the rows and rejects of a sheet."""
        columns = [page.headers[header] for header in self.headers(sheet)]
        rows, rejects, by_row = [], [], {}
        for (number, _), cell in sorted(sheet._cells.items()):  # a corner far away must not make all cells before it
            by_row.setdefault(number, []).append(cell)
        for number, cells in by_row.items():
            if number <= self.last or all(cell.value is None for cell in cells):
                continue
            if wrong := unreadable_row(cells, len(columns)):
                rejects.append({"_line": number, "_reject": wrong})
                continue
            names = {cell.column: columns[cell.column - 1] for cell in cells if cell.column <= len(columns)}
            texts = {name: cell_text(cell, page.columns[name]) for cell in cells if (name := names.get(cell.column))}
            if wrong := misread(filter(None, texts.values())):
                rejects.append({"_line": number, "_reject": wrong})
                continue
            rows.append(row_of(number, texts, page))
        return rows, rejects

    def headers(self, sheet) -> list[str]:
        """Return each column's header texts joined by a slash, merged cells included; empty columns at the right are left out."""
        merged = {(row, column): sheet.cell(block.min_row, block.min_col).value
                  for block in sheet.merged_cells.ranges for row in range(block.min_row, min(block.max_row, self.last) + 1)
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
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, Spelled) or column is None or re.fullmatch("-?[0-9]+", value):
        return str(value)
    exact, has_decimals = Decimal(value), bool(column.decimals)
    if len(value) > 80 or not -41 < exact.adjusted() < 41 or (has_decimals and not re.search("[eE]", value)):
        return str(value)
    if exact % 1:
        return format(exact, "f") if has_decimals else str(value)
    return str(value) if column.value is None and exact.adjusted() > 14 else str(int(exact))


def records(lines: list[bytes], width: int, is_ours: bool) -> Iterator[tuple[int, bytes, bool]]:
    """Yield (first physical line, bytes without the last line end, whether its quotes are broken) per record that holds something."""
    start = 0
    while start < len(lines):
        end = start + 1
        while (state := Scan(b"".join(lines[start:end])).state) == "open" and end < len(lines) and (is_ours or end - start <= LONGEST):
            end += 1
        is_broken = state != "closed" or (not is_ours and Scan(b"".join(lines[start:end])).joins_rows(width))
        end = start + 1 if is_broken else end
        if record := b"".join(lines[start:end]).rstrip(b"\r\n"):
            yield start + 1, record, is_broken
        start = end


class Scan:
    """A walk over the bytes of one record: where its quotes leave it, and which commas stand on which line in which quoted field."""

    def __init__(self, content: bytes) -> None:
        self.state, self.commas, self.ends = (
            "closed",
            [],
            {},
        )  # commas: (line, quoted field or None); ends: quoted field -> (first, last line)
        field, line, place, quoted = 0, 0, 0, False
        while place < len(content) and self.state == "closed":
            one, following = content[place : place + 1], content[place + 1 : place + 2]
            is_start = not quoted and (place == 0 or content[place - 1 : place] == b",")
            if one == b'"' and is_start:
                quoted, self.ends[field] = True, (line, line)
            elif one == b'"' and quoted and following == b'"':
                place += 1
            elif one == b'"' and quoted:
                quoted, self.ends[field] = False, (self.ends[field][0], line)
                self.state = "closed" if following in (b",", b"\r", b"\n", b"") else "broken"
            elif one == b",":
                self.commas.append((line, field if quoted else None))
                field += not quoted
            elif one == b"\n" or (one == b"\r" and following != b"\n"):
                line += 1
            place += 1
        if quoted and self.state == "closed":
            self.state = "open"

    def joins_rows(self, width: int) -> bool:
        """Return whether a quoted field reaches over a line that has the full number of fields by itself.

        A line on which a first field ends always has, so there the line on which the record begins must have it too.
        """
        last = max((end for _, end in self.ends.values()), default=0)
        wide = [1 + sum(at == line and self._counts(field) for at, field in self.commas) == width for line in range(last + 1)]
        first = self.ends.get(0, (0, 0))[1]
        return any(is_row and (line != first or wide[0]) for line, is_row in enumerate(wide) if line)

    def _counts(self, field: int | None) -> bool:
        """Return whether a comma is one by itself: outside of quotes, or in a field of several lines, whose quotes may be stray."""
        return field is None or self.ends[field][0] != self.ends[field][1]


def kept(columns: list[str | None], fields: list[str]) -> list[str]:
    """Return the fields of the columns that are taken."""
    return [text for name, text in zip(columns, fields, strict=True) if name]


def wrong_width(found: int, wanted: int) -> str | None:
    """Return what is wrong with a number of fields."""
    return None if found == wanted else "too_few_fields" if found < wanted else "too_many_fields"


def misread(texts: Iterable[str]) -> str | None:
    """Return the name of a text that was decoded wrongly: read again it is of the 6,763 characters of GB 2312, as it stands it is not."""
    for text in texts:
        for wrong, right, name in MISREAD:
            try:
                meant = text.encode(wrong).decode(right)
            except UnicodeError:
                continue
            if len(re.findall("[\u4e00-\u9fff]", meant)) > 1 and is_gb2312(meant) and not is_gb2312(text):
                return name
    return None


def is_gb2312(text: str) -> bool:
    """Return whether all characters of a text are in GB 2312."""
    try:
        return bool(text.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def unreadable_row(cells: list, width: int) -> str | None:
    """Return why a row cannot be read as texts."""
    wrong = next((found for cell in cells if (found := unreadable(cell, width))), None)
    if wrong is None and any(type(cell).__name__ == "MergedCell" for cell in cells if cell.column <= width):
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


def cell_text(cell, column: Column) -> str | None:
    """Return a cell as text: numbers as people see them, dates and moments as their column spells them."""
    value = cell.value
    if isinstance(value, timedelta):  # a duration is a number of days
        value = value / timedelta(days=1)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else value or None
    if isinstance(value, time):
        rounded = datetime.combine(date(2000, 1, 1), value) + timedelta(microseconds=500_000)
        return rounded.strftime("%H:%M:%S") if rounded.day == 1 else "23:59:59"
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
        exact = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 14), ROUND_HALF_UP)
    if exact != exact.to_integral_value():
        return format(exact.normalize(), "f")
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
