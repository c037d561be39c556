"""Count the records of CSV bytes a second time, without the reader: by Python's own parser, held back where quotes are stray.

Between records, lines up to the next quote are records by themselves: where they are many, their ends are counted.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.model import CsvSource
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, MAX_RECORD_LINES

# The counter only looks at structure, which is ASCII; a GB18030 or Big5 decoder that replaces bytes would swallow quotes after broken ones.
COUNTED_AS: dict[Encoding, str] = {"utf-8": "latin-1", "utf-16": "utf-16", "gb18030": "latin-1", "big5": "latin-1"}
MARKS: dict[Encoding, tuple[str, ...]] = {"utf-8": ("\xef\xbb\xbf",), "gb18030": ("\xef\xbb\xbf", "\x84\x31\x95\x33")}  # decoded as above
LINE_END = re.compile("\r\n|\n|\r")
AT_ONCE = 1024 * 1024  # characters
WORTHWHILE = 4096  # characters without a quote, from which on counting line ends is quicker than parsing


def count_records(stream: BinaryIO, source: CsvSource, columns: int = 0) -> int:
    """Return how many records a delivered CSV file holds below its header; 0 where it cannot be decoded at all.

    A file without a header has so many `columns`.
    """
    above = source.header_from - 1 + source.header_rows
    csv.field_size_limit(4 * MAX_RECORD_BYTES)
    text = io.TextIOWrapper(stream, COUNTED_AS[source.encoding], "replace", newline="")
    try:
        total = _total(_Feed(text, source.encoding), source.delimiter, above, 0 if source.header_rows else columns)
    except UnicodeError:  # UTF-16 without its mark: the reader refuses the file and says so
        total = 0
    text.detach()
    return max(total - above, 0)


def count_written(stream: BinaryIO) -> int:
    """Return how many records PostgreSQL wrote as CSV besides the header."""
    csv.field_size_limit(sys.maxsize)
    text = io.TextIOWrapper(stream, "utf-8", "replace", newline="")
    total = 0
    try:
        for _ in csv.reader(text, strict=True):
            total += 1
    except csv.Error:  # cut off within quotes
        total += 1
    text.detach()
    return max(total - 1, 0)


def _total(feed: _Feed, delimiter: str, above: int, columns: int) -> int:
    """Return the number of records, those `above` the rows included; without a header rows have so many `columns`."""
    total, arity, ended = 0, columns, False
    while not ended:
        try:
            total += feed.skip() if total >= above else 0
            for fields in csv.reader(feed, delimiter=delimiter, strict=True):
                is_row = total >= above
                arity = arity if is_row or columns else len(fields)
                total += 1
                feed.end_record(is_whole=not (is_row and feed.lines > 1 and _joins_rows(fields, delimiter, arity)))
                total += feed.skip() if total >= above else 0
            ended = True
        except csv.Error:
            total += 1
            feed.end_record(is_whole=False)
    return total


def _joins_rows(fields: Sequence[str], delimiter: str, arity: int) -> bool:
    """Return whether a quoted field runs over a line that would be a row: the parser's fields are laid out on their lines again.

    A line on which only the record's first field ends always looks like a row; it is one if the line before the break does too.
    """
    widths, ends_of_first = [0], 0
    for place, field in enumerate(fields):
        first, *further = LINE_END.split(field)
        widths[-1] += 1 + (first.count(delimiter) if further else 0)
        widths += [1 + part.count(delimiter) for part in further]
        ends_of_first = ends_of_first if place else len(further)
    excused = ends_of_first if widths[0] != arity else 0
    return any(width == arity for line, width in enumerate(widths) if line not in (0, excused))


class _Feed(Iterator[str]):
    """Feeds physical lines to Python's parser, remembers those of the current record and limits its length."""

    def __init__(self, text: io.TextIOWrapper, encoding: Encoding) -> None:
        self._text, self._encoding = text, "latin-1" if COUNTED_AS[encoding] == "latin-1" else "utf-8"
        self._lines, self._at = "", 0
        self._waiting: deque[str] = deque()
        self._marks = MARKS.get(encoding, ())
        self._taken: list[str] = []
        self._bytes = 0

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._next_line()
        for mark in self._marks:
            line = line.removeprefix(mark)
        self._marks = ()
        self._bytes = self._size(line) + (self._bytes if self._taken else 0)
        self._taken.append(line)
        if len(self._taken) > MAX_RECORD_LINES or self._bytes > MAX_RECORD_BYTES:
            raise csv.Error("one record is too long")
        return line

    @property
    def lines(self) -> int:
        """Return the number of lines of the current record."""
        return len(self._taken)

    def end_record(self, *, is_whole: bool) -> None:
        """Forget the lines of the record; where it is none, give back all but the first."""
        if not is_whole:
            self._waiting.extendleft(reversed(self._taken[1:]))
        self._taken.clear()

    def skip(self) -> int:
        """Pass the lines up to the next one with a quote, where they are many, and return their number; only between two records."""
        skipped = 0
        while not self._waiting and self._has_lines():
            quote = self._lines.find('"', self._at)
            end = quote if quote >= 0 else len(self._lines)
            if end - self._at < min(WORTHWHILE, len(self._lines)):
                break
            if quote >= 0:
                end = max(self._at, *(self._lines.rfind(one, self._at, quote) + 1 for one in "\r\n"))
            skipped += _lines_in(self._lines[self._at : end])
            self._at, self._marks = end, ()
            if quote >= 0:
                break
        return skipped

    def _next_line(self) -> str:
        if not self._has_lines():
            raise StopIteration
        found = LINE_END.search(self._lines, self._at)
        begin, self._at = self._at, found.end() if found else len(self._lines)
        return self._lines[begin : self._at]

    def _has_lines(self) -> bool:
        """Return whether there are more lines; the next ones are read where all are taken."""
        if self._at == len(self._lines):
            self._lines, self._at = self._text.read(AT_ONCE) + self._text.readline(), 0
        return bool(self._lines)

    def _size(self, line: str) -> int:
        return len(line) if len(line) < MAX_RECORD_BYTES // (4 * MAX_RECORD_LINES) else len(line.encode(self._encoding, "surrogatepass"))


def _lines_in(text: str) -> int:
    """Return the number of lines, of which the last one need not have an end."""
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    return ends + (1 if text and not text.endswith(("\r", "\n")) else 0)
