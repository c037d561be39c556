"""Split many lines of CSV at once where that needs no care: the narrow law of a plain line (ADR 0034).

A plain line has no zero byte and at most as many bytes as always fit into a cell, is not blank, and its quotes enclose whole fields
without a quote or line end in them. At the beginning of a record such a line is one, however its neighbours are written. Whoever finds
more wrong with it (bytes of no character, another number of fields, texts in a foreign encoding) gives it to the strict reader too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from lakehouse.ingest.readers.csv_feed import NEWLINE, RETURN, Places, Span, line_ends
from lakehouse.ingest.readers.foreign import ALPHABETS, FAR, FIRST, SECOND
from lakehouse.text.cells import ALWAYS_FIT

LEAST_FIELDS = 2  # of one column Arrow takes a blank line for a record
QUOTE = ord('"')
ABOVE = b"\n"  # a line that Arrow skips, so that a byte order mark below it is part of a cell
ASCII = 0x80
Bits = npt.NDArray[np.uint8]


def odd_lines(span: Span, delimiter: str) -> Places:
    """Return the places of the lines that are not plain."""
    codes = np.frombuffer(span.content, np.uint8)
    starts = np.concatenate(([0], span.ends[:-1])).astype(np.int64)
    is_odd = span.ends - starts > ALWAYS_FIT
    is_odd |= _is_end(codes[starts])
    if b"\0" in span.content:
        is_odd[_lines_of(np.flatnonzero(codes == 0), span.ends)] = True
    if b'"' in span.content:
        is_odd[_oddly_quoted(codes, span.ends, ord(delimiter))] = True
    return np.flatnonzero(is_odd)


def _oddly_quoted(codes: npt.NDArray[np.uint8], ends: Places, delimiter: int) -> Places:
    """Return the places of lines (some more than once) of which a quote does not begin or end a whole field by turns."""
    quotes = np.flatnonzero(codes == QUOTE)
    lines = _lines_of(quotes, ends)
    numbers = np.arange(len(quotes))
    is_first = np.append(True, lines[1:] != lines[:-1])
    is_last = np.append(is_first[1:], True)
    opens = (numbers - np.maximum.accumulate(np.where(is_first, numbers, 0))) % 2 == 0
    bounded = np.concatenate(([NEWLINE], codes, [NEWLINE]))
    beside = bounded[np.where(opens, quotes, quotes + 2)]
    wrong: Places = lines[~(_is_end(beside) | (beside == delimiter)) | (opens & is_last)]
    return wrong


def _is_end(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    is_end: npt.NDArray[np.bool_] = (codes == NEWLINE) | (codes == RETURN)
    return is_end


def undecodable(parts: Sequence[bytes], codec: str) -> list[int]:
    """Return the places of the lines that are not in the encoding."""
    found = []
    for place, part in enumerate(parts):
        try:
            part.decode(codec)
        except UnicodeDecodeError:
            found.append(place)
    return found


def suspects(text: str) -> Places:
    """Return the places of the lines in which something may be in a foreign encoding; there may be more of them than cells are."""
    if text.isascii():
        return np.empty(0, np.int64)
    codes = np.frombuffer(text.encode("utf-16-le"), np.uint16)
    beyond = np.flatnonzero(codes >= ASCII)
    some = codes[beyond]
    pairs = np.flatnonzero(AS_FIRST[some][:-1] & AS_SECOND[some][1:])
    hits = beyond[pairs[beyond[pairs + 1] == beyond[pairs] + 1]]
    return np.unique(_lines_of(hits, line_ends(codes))) if len(hits) else hits


class Columns:
    """Splits plain lines of a file into the columns to keep."""

    def __init__(self, delimiter: str, arity: int, places: Sequence[int]) -> None:
        names = [str(place) for place in range(arity)]
        kept = [names[place] for place in places]
        self._skipped: list[int] = []
        self._parsed = pa.csv.ParseOptions(
            delimiter=delimiter, double_quote=False, ignore_empty_lines=False, invalid_row_handler=self._skip
        )
        self._converted = pa.csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(kept, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            include_columns=kept,
        )
        self._names = names

    def split(self, lines: bytes) -> tuple[list[pa.Array], list[int]]:
        """Return the texts of each column, and the places of the lines that are left out for their number of fields; UTF-8 comes in."""
        self._skipped = []
        read = pa.csv.ReadOptions(use_threads=False, block_size=len(ABOVE) + len(lines) + 1, column_names=self._names, skip_rows=1)
        table = pa.csv.read_csv(pa.BufferReader(ABOVE + lines), read, self._parsed, self._converted)
        return [column.combine_chunks() for column in table.columns], self._skipped

    def _skip(self, row: Any) -> str:
        self._skipped.append(row.number - 2)  # counted from one, the line above included
        return "skip"


def _lines_of(places: npt.NDArray[np.integer], ends: Places) -> Places:
    return np.searchsorted(ends, places, side="right")


def _bits(*sets: str) -> Bits:
    """Return by code unit of UTF-16 the bit of each set of characters that it is in."""
    bits = np.zeros(1 << 16, np.uint8)
    for number, characters in enumerate(sets):
        bits[[ord(one) for one in characters]] |= 1 << number
    return bits


_FAR_UNITS = "".join(map(chr, range(0xD800 + ((FAR - 0x10000) >> 10), 0xDC00)))  # first halves of the characters from there on
_SECOND_HALVES = "".join(map(chr, range(0xDC00, 0xE000)))
AS_FIRST, AS_SECOND = _bits(FIRST, ALPHABETS, _FAR_UNITS), _bits(SECOND, ALPHABETS, _SECOND_HALVES)
