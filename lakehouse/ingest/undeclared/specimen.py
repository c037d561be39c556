"""Read a delivered file nobody has declared, as far as a contract can be begun from it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.sources import delimiters
from lakehouse.errors import Problem, SourceError
from lakehouse.ingest.readers.lines import CODECS
from lakehouse.ingest.readers.records import MAX_CELL_CHARACTERS
from lakehouse.ingest.undeclared.charset import guess_encoding
from lakehouse.ingest.undeclared.heading import Joined, Row, find_header, joined_texts
from lakehouse.ingest.undeclared.spreadsheet import sheet_rows

MOST_ROWS = 5_000
DELIMITERS = (",", "\t", ";", "|")
ZIP_MARK, OLE_MARK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Specimen:
    """What was found in a file.

    Attributes:
        source: how it is read, as a contract declares it, without the path.
        suffix: how its name ends.
        headers: the names of its columns; `column 1` … where it has no header.
        rows: the texts of its first rows, all as wide as the header.
        remarks: what somebody has to decide about the file.
    """

    source: Mapping[str, Any]
    suffix: str
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawTable:
    """A file before its header is found.

    Attributes:
        source: how it is read, without what the header says.
        suffix: how its name ends.
        rows: the texts of its first rows.
        names: first row and number of rows of a header → the names it gives; of JSON Lines the names of all fields.
        most: how many rows a header may have; 0 where every row names its own fields.
        remarks: what somebody has to decide about the file.
    """

    source: Mapping[str, Any]
    suffix: str
    rows: Sequence[Row]
    names: Joined
    most: int
    remarks: tuple[str, ...] = ()


Choose = Callable[[RawTable], tuple[int, int] | None]


def read_specimen(content: bytes, where: str, encoding: Encoding | None = None, choose: Choose | None = None) -> Specimen:
    """Return what was found in a file: a workbook, JSON Lines, or a text file with a separator.

    Args:
        content: the bytes of the file.
        where: what messages call it.
        encoding: its encoding, where that is known.
        choose: finds the header, where the names in it are known; otherwise it is guessed.

    Raises:
        SourceError: it is of no kind that is read, or holds no table.
    """
    raw = _raw_table(content, where, encoding)
    if not raw.most:
        return Specimen(raw.source, raw.suffix, tuple(raw.names(0, 0)), tuple(raw.rows), raw.remarks)
    found = choose(raw) if choose else find_header(raw.rows, raw.names, raw.most)
    if found is None:
        return _without_header(raw, where)
    first, depth = found
    source = {**raw.source, **({"headerFrom": first + 1} if first else {}), **({"headerRows": depth} if depth > 1 else {})}
    headers = tuple(raw.names(first, depth))
    below = [row for row in raw.rows[first + depth :] if any(row)]
    return Specimen(source, raw.suffix, headers, _even(below, len(headers)), raw.remarks)


def _without_header(raw: RawTable, where: str) -> Specimen:
    if raw.suffix == ".xlsx":
        raise _refusal(where, "no header was found in the sheet.", "write the names of the columns in one row above the data.")
    width = Counter(map(len, raw.rows)).most_common(1)[0][0]
    headers = tuple(f"column {place}" for place in range(1, width + 1))
    remark = "no header was found: the columns are read in this order; ask for a header if you can"
    return Specimen({**raw.source, "headerRows": 0}, raw.suffix, headers, _even(raw.rows, width), (*raw.remarks, remark))


def _raw_table(content: bytes, where: str, encoding: Encoding | None) -> RawTable:
    if content.startswith(OLE_MARK):
        raise _refusal(where, "the file is a workbook of the old format, or encrypted.", "save it as .xlsx without a password.")
    if content.startswith(ZIP_MARK):
        return _workbook(content, where)
    told = encoding or guess_encoding(content)
    text = content.decode(_codec(content, told), "replace").lstrip("\ufeff")
    if text.lstrip().startswith("["):
        raise _refusal(where, "the file is one JSON list.", "write JSON Lines: one object a line, without brackets and commas around them.")
    return _json_lines(text, where) if text.lstrip().startswith("{") else _text_file(text, told, where)


def _codec(content: bytes, encoding: Encoding) -> str:
    if encoding == "utf-16" and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16-be" if content[:2].startswith(b"\0") else "utf-16-le"
    return encoding if encoding == "utf-16" else CODECS.get(encoding, encoding)


def _text_file(text: str, encoding: Encoding, where: str) -> RawTable:
    delimiter = max(DELIMITERS, key=lambda one: _regularity(text, one))
    if delimiter not in delimiters(encoding):
        fix = "ask for commas, or for UTF-8."
        raise _refusal(where, f"the separator {delimiter!r} may be part of a character of {encoding}.", fix)
    rows: list[Row] = list(islice(_split(text, delimiter), MOST_ROWS))
    if not rows:
        raise _refusal(where, "the file is empty.", "take one that holds rows.")
    source: dict[str, Any] = {"kind": "csv", "path": "", "encoding": encoding}
    source |= {"delimiter": delimiter} if delimiter != "," else {}
    return RawTable(source, ".csv", rows, joined_texts(rows), 1)


def _split(text: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(32 * MAX_CELL_CHARACTERS)
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:  # one cell is too long: the reader of the resource will reject that row by name
            continue
        if any(row):
            yield row


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    """Return how regular a separator splits a text: the share of the rows that are as wide as most, and that width; nothing for one."""
    widths = Counter(len(row) for row in islice(_split(text, delimiter), 200))
    width, rows = max(((width, rows) for width, rows in widths.items() if width > 1), key=lambda one: one[1], default=(1, 0))
    return rows / max(sum(widths.values()), 1), width if rows else 0


def _json_lines(text: str, where: str) -> RawTable:
    objects = [found for line in islice(text.splitlines(), MOST_ROWS) if isinstance(found := _object(line), dict)]
    headers = tuple(dict.fromkeys(name for found in objects for name in found))
    if not headers:
        raise _refusal(where, "no line of the file is a JSON object.", "write one object a line.")
    nested = [name for name in headers if any(isinstance(found.get(name), dict | list) for found in objects)]
    remarks = [f"{name} holds objects or lists, which are not read: ask for one text or number" for name in nested]
    rows = tuple(tuple(_json_text(found.get(name)) for name in headers) for found in objects)
    return RawTable({"kind": "jsonl", "path": ""}, ".jsonl", rows, lambda _first, _depth: list(headers), 0, tuple(remarks))


def _object(line: str) -> Any:
    try:
        return json.loads(line, parse_int=str, parse_float=str)
    except (json.JSONDecodeError, RecursionError):
        return None


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _workbook(content: bytes, where: str) -> RawTable:
    found = sheet_rows(content, where, MOST_ROWS)
    return RawTable({"kind": "xlsx", "path": "", "sheet": found.sheet}, ".xlsx", found.rows, found.names, 3, tuple(found.remarks))


def _even(rows: Sequence[Row], width: int) -> tuple[Row, ...]:
    """Return the rows that are as wide as the header, or narrower ones filled up; what is wider is rejected by the reader too."""
    return tuple(tuple(row) + (None,) * (width - len(row)) for row in rows if len(row) <= width)


def _refusal(where: str, found: str, fix: str) -> SourceError:
    return SourceError(Problem(where, found, "a text file with a separator, JSON Lines, a workbook (.xlsx)", fix).text())
