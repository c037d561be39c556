"""Split CSV bytes into records: strictly where others wrote the quotes, by their number alone where PostgreSQL wrote them.

A record ends at the first line end outside quotes. A quote only opens at the beginning of a field. Where quoting is broken, the first
physical line alone is rejected and reading goes on with the next one, so that one wrong quote never swallows the rows after it. It is
broken by text after a closing quote, by a quote that stays open for too long, and by one that swallows lines which are rows by themselves.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from lakehouse.ingest.readers.lines import Line
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, MAX_RECORD_LINES, Reject

NO_ARITY = 0


class Piece(NamedTuple):
    """A record as bytes: the number of its first physical line, its content, and a reject where its lines do not make a record."""

    number: int
    content: bytes
    broken: Reject | None = None


class Splitter(Protocol):
    """Finds the records of one file, one after the other."""

    @property
    def has_waiting(self) -> bool:
        """Return whether lines were taken that belong to no record yet."""

    def next(self, arity: int = NO_ARITY) -> Piece | None:
        """Return the next record, None where there is none; those below a header have so many fields."""


class DeliveredSplitter:
    """Splits a file that somebody delivered: no quote in it is trusted."""

    def __init__(self, lines: Iterator[Line], delimiter: str) -> None:
        self._lines, self._delimiter = lines, delimiter.encode()
        self._waiting: deque[Line] = deque()
        mark = re.escape(self._delimiter)
        quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
        plain = rb'[^"' + mark + rb"\r\n][^" + mark + rb"\r\n]*+"
        field = rb"(?:" + quoted + rb"|" + plain + rb"|)"
        self._complete = re.compile(field + rb"(?:" + mark + field + rb")*+(?:\r\n|\n|\r)?")
        self._open = re.compile(rb"(?:" + field + mark + rb')*+"[^"]*+(?:""[^"]*+)*+')
        self._field = re.compile(quoted + rb"|" + plain)

    @property
    def has_waiting(self) -> bool:
        """Return whether lines after a broken quote are to be read again."""
        return bool(self._waiting)

    def next(self, arity: int = NO_ARITY) -> Piece | None:
        """Return the next record, None where there is none."""
        line = self._next_line()
        if line is None:
            return None
        if line.too_long:
            return Piece(line.number, line.content, "oversize_record")
        return self._quoted(line, arity) if b'"' in line.content else Piece(line.number, line.content)

    def _quoted(self, first: Line, arity: int) -> Piece:
        further: list[Line] = []
        content = first.content
        while not self._complete.fullmatch(content):
            follows = self._next_line() if self._open.fullmatch(content) else None
            if follows is not None:
                further.append(follows)
                content += follows.content
            if follows is None or follows.too_long or len(further) >= MAX_RECORD_LINES or len(content) > MAX_RECORD_BYTES:
                return self._refused(first, further)
        return self._refused(first, further) if further and self._swallows_rows(content, arity) else Piece(first.number, content)

    def _refused(self, first: Line, further: list[Line]) -> Piece:
        """Return the first line alone as a reject; the others are read again by themselves."""
        self._waiting.extendleft(reversed(further))
        return Piece(first.number, first.content, "bad_quoting")

    def _swallows_rows(self, content: bytes, arity: int) -> bool:
        """Return whether a line after the first has the full number of fields by itself, so that two stray quotes joined rows.

        The line on which a first field of several lines ends always has that number; it counts only if the line it began on has it too.
        """
        alone = [line.count(self._delimiter) + 1 for line in self._field.sub(_without_one_line, content).splitlines()]
        first = self._field.match(content)
        ending = len(first[0].splitlines()) - 1 if first and alone[0] != arity else 0
        return any(fields == arity for number, fields in enumerate(alone) if number not in (0, ending))

    def _next_line(self) -> Line | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)


class WrittenSplitter:
    """Splits what PostgreSQL wrote: all its quotes are right, so a record ends where their number is even, however long it is."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines

    @property
    def has_waiting(self) -> bool:
        """Return False: no line is read twice."""
        return False

    def next(self, arity: int = NO_ARITY) -> Piece | None:  # noqa: ARG002 - both splitters are called alike
        """Return the next record, None where there is none."""
        first = next(self._lines, None)
        if first is None:
            return None
        parts, quotes = [first.content], first.content.count(b'"')
        while quotes % 2:
            line = next(self._lines, None)
            if line is None:  # the bytes were cut off
                return Piece(first.number, b"".join(parts), "bad_quoting")
            parts.append(line.content)
            quotes += line.content.count(b'"')
        return Piece(first.number, b"".join(parts))


def _without_one_line(field: re.Match[bytes]) -> bytes:
    """Return a field of several lines as it is, and nothing in place of one whose delimiters are no delimiters."""
    return field[0] if b"\n" in field[0] or b"\r" in field[0] else b""
