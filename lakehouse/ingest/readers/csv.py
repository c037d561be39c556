"""Read CSV deliveries strictly: split into records as bytes, decoded by one decoder, parsed without guessing.

A record ends at the first line end outside quotes. A quote only opens at the beginning of a field. Where quoting is broken (text
after a closing quote, a quote that stays open for too long), the first physical line alone is rejected and reading goes on with
the next one, so that one wrong quote never swallows the rows after it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.model import Contract, CsvSource
from lakehouse.contracts.sources import delimiters
from lakehouse.ingest.readers.header import Expected, check_header, check_no_header, expected_of
from lakehouse.ingest.readers.lines import CODECS, Line, chunks, universal_lines
from lakehouse.ingest.readers.records import (
    MAX_CELL_CHARACTERS,
    MAX_RECORD_BYTES,
    MAX_RECORD_LINES,
    BrokenRecordError,
    Record,
    Reject,
    refusal,
)

# The counter only looks at structure, which is ASCII; a GB18030 or Big5 decoder that replaces bytes would swallow quotes after broken ones.
COUNTED_AS: dict[Encoding, str] = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "gb18030": "latin-1", "big5": "latin-1"}
Split = tuple[int, bytes, Reject | None]


def read(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
    """Return the records of a delivered CSV file.

    Raises:
        SourceError: the header is not exactly the declared names; the whole delivery is refused.
    """
    source = contract.source
    dialect = source if isinstance(source, CsvSource) else CsvSource(kind="csv", path="")
    return read_named(stream, dialect, (expected_of(contract), [column.source_name for column in contract.kept_columns]), where)


def read_named(stream: BinaryIO, source: CsvSource, columns: tuple[Expected, list[str]], where: str) -> Iterator[Record]:
    """Return the records of CSV bytes whose header must be exactly the declared names; `columns`: declared names, names to keep."""
    if source.delimiter not in delimiters(source.encoding):
        allowed = ", ".join(map(repr, delimiters(source.encoding)))
        raise refusal(where, "the declared delimiter may be part of a character.", allowed, "correct the contract.")
    split: Iterator[Split] = _Splitter(universal_lines(chunks(stream, source.encoding)), source.delimiter)
    split = islice(split, source.header_from - 1, None)
    first = next(split, None)
    if source.header_rows:
        fields = _header(first, source, columns[0], where)
    else:
        fields, split = list(columns[0].names), chain([first] if first else [], split)
        check_no_header(_first_fields(first, source), columns[0], where)
    places = [fields.index(name) for name in columns[1]]
    return _records(split, source, len(fields), places)


def count(stream: BinaryIO, contract: Contract) -> int:
    """Return how many records a CSV file holds besides its header, counted without the reader: by Python's own parser."""
    source = contract.source if isinstance(contract.source, CsvSource) else CsvSource(kind="csv", path="")
    return count_records(stream, source)


def count_records(stream: BinaryIO, source: CsvSource) -> int:
    """Return how many records CSV bytes hold below their header (the second counter)."""
    csv.field_size_limit(4 * MAX_RECORD_BYTES)
    text = io.TextIOWrapper(stream, COUNTED_AS[source.encoding], "replace", newline="")
    feed, total, ended = _Feed(text, source.encoding), 0, False
    while not ended:
        try:
            for _ in csv.reader(feed, delimiter=source.delimiter, strict=True):
                total += 1
                feed.taken.clear()
            ended = True
        except csv.Error:
            total += 1
            feed.retreat()
    text.detach()
    return max(total - (source.header_from - 1 + source.header_rows), 0)


class _Splitter(Iterator[tuple[int, bytes, "Reject | None"]]):
    """The records of a file as bytes: number of the first physical line, content, and a reject where quoting is broken."""

    def __init__(self, lines: Iterator[Line], delimiter: str) -> None:
        self._lines = lines
        self._waiting: deque[Line] = deque()
        mark = re.escape(delimiter).encode()
        quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
        field = rb"(?:" + quoted + rb'|[^"' + mark + rb"\r\n][^" + mark + rb"\r\n]*+|)"
        self._complete = re.compile(field + rb"(?:" + mark + field + rb")*+(?:\r\n|\n|\r)?")
        self._open = re.compile(rb"(?:" + field + mark + rb')*+"[^"]*+(?:""[^"]*+)*+')

    def __next__(self) -> tuple[int, bytes, Reject | None]:
        line = self._next_line()
        if line is None:
            raise StopIteration
        if line.too_long:
            return line.number, line.content, "oversize_record"
        if b'"' not in line.content:
            return line.number, line.content, None
        return self._quoted(line)

    def _quoted(self, first: Line) -> tuple[int, bytes, Reject | None]:
        further: list[Line] = []
        content = first.content
        while not self._complete.fullmatch(content):
            follows = self._next_line() if self._open.fullmatch(content) else None
            if follows is not None:
                further.append(follows)
                content += follows.content
            if follows is None or follows.too_long or len(further) >= MAX_RECORD_LINES or len(content) > MAX_RECORD_BYTES:
                self._waiting.extendleft(reversed(further))
                return first.number, first.content, "bad_quoting"
        return first.number, content, None

    def _next_line(self) -> Line | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)


def _records(split: Iterator[Split], source: CsvSource, arity: int, places: Sequence[int]) -> Iterator[Record]:
    for number, content, broken in split:
        try:
            fields = _fields(content, broken, source)
            if len(fields) != arity:
                raise BrokenRecordError("too_few_fields" if len(fields) < arity else "too_many_fields")
            yield Record(number, tuple(fields[place] or None for place in places))
        except BrokenRecordError as error:
            yield Record(number, None, error.reject, content)


def _fields(content: bytes, broken: Reject | None, source: CsvSource) -> list[str]:
    if broken:
        raise BrokenRecordError(broken)
    text = _text(content, source.encoding)
    try:
        fields = next(csv.reader([text], delimiter=source.delimiter, strict=True)) if '"' in text else text.split(source.delimiter)
    except csv.Error:  # the splitter only lets well-formed quoting through: what is left is Python's own limit for a cell
        raise BrokenRecordError("oversize_cell") from None
    if len(text) > MAX_CELL_CHARACTERS and any(len(field) > MAX_CELL_CHARACTERS for field in fields):
        raise BrokenRecordError("oversize_cell")
    return fields


def _text(content: bytes, encoding: Encoding) -> str:
    if b"\0" in content:
        raise BrokenRecordError("nul_byte")
    try:
        text = content.decode(CODECS.get(encoding, encoding)).rstrip("\r\n")
    except UnicodeDecodeError:
        raise BrokenRecordError("undecodable") from None
    if not text:
        raise BrokenRecordError("blank_line")
    return text


def _header(record: Split | None, source: CsvSource, expected: Expected, where: str) -> list[str]:
    try:
        if record is None:
            raise BrokenRecordError("blank_line")
        fields = _fields(record[1], record[2], source)
    except BrokenRecordError as error:
        found = f"the header line cannot be read as {source.encoding} ({error.reject})."
        raise refusal(f"{where}: header", found, ", ".join(sorted(expected.names)), "send the file again with its header line.") from None
    check_header(fields, expected, where)
    return fields


def _first_fields(record: Split | None, source: CsvSource) -> list[str]:
    """Return the fields of the first record of a file without a header; none where it cannot be read, which its own reject tells."""
    try:
        return _fields(record[1], record[2], source) if record else []
    except BrokenRecordError:
        return []


class _Feed(Iterator[str]):
    """Feeds physical lines to Python's parser, remembers those of the current record and limits its length."""

    def __init__(self, text: io.TextIOWrapper, encoding: Encoding) -> None:
        self._text, self._encoding = text, "latin-1" if COUNTED_AS[encoding] == "latin-1" else "utf-8"
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self._bytes = 0

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._text)
        self._bytes = self._size(line) + (self._bytes if self.taken else 0)
        self.taken.append(line)
        if len(self.taken) > MAX_RECORD_LINES or self._bytes > MAX_RECORD_BYTES:
            raise csv.Error("one record is too long")
        return line

    def retreat(self) -> None:
        """Give back all lines of the record but the first."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        self.taken.clear()

    def _size(self, line: str) -> int:
        return len(line) if len(line) < MAX_RECORD_BYTES // (4 * MAX_RECORD_LINES) else len(line.encode(self._encoding, "surrogatepass"))
