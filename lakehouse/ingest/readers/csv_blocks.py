"""Read CSV as blocks: plain lines by Arrow, many at once, all others by the strict reader, with the same result for every line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.ingest.readers import csv_plain
from lakehouse.ingest.readers.blocks import Block, accepted, block_of, merged
from lakehouse.ingest.readers.csv_feed import Feed, Places, Span
from lakehouse.ingest.readers.csv_records import Form, record_of
from lakehouse.ingest.readers.csv_split import Piece, Splitter
from lakehouse.ingest.readers.foreign import misread
from lakehouse.ingest.readers.records import Record


def blocks_below_header(feed: Feed, split: Splitter, form: Form, first: Piece | None = None) -> Iterator[Block]:
    """Yield the records below the header.

    Args:
        feed: the lines of the file, those of the header handed out already.
        split: splits lines of this feed into records, strictly.
        form: how records are written.
        first: the first record, where it was looked at already.
    """
    columns = csv_plain.Columns(form.delimiter, form.arity, form.places)
    ahead = [record_of(piece, form) for piece in (*([first] if first else []), *_waiting(split, form))]
    if ahead:
        yield block_of(ahead, len(form.places))
    while feed.has_lines():
        yield _Stretch(feed, split, form).read(columns)


def _waiting(split: Splitter, form: Form) -> Iterator[Piece]:
    """Yield the records of the lines that a splitter took and holds."""
    while split.has_waiting and (piece := split.next(form.arity)) is not None:
        yield piece


class _Stretch:
    """The lines of a feed from where it stands to the end of its span."""

    def __init__(self, feed: Feed, split: Splitter, form: Form) -> None:
        self._feed, self._split, self._form, self._span = feed, split, form, feed.span
        self._is_plain = np.zeros(len(feed.span.ends), np.bool_)
        self._strict: list[Record] = []

    def read(self, columns: csv_plain.Columns) -> Block:
        """Return the records."""
        form, width = self._form, len(self._form.places)
        if form.arity < csv_plain.LEAST_FIELDS:
            self._read_strictly(self._feed.span, np.arange(self._feed.at, len(self._feed.span.ends)))
            return block_of(self._strict, width)
        odd = csv_plain.odd_lines(self._span, form.delimiter)
        self._is_plain[self._feed.at :] = True
        self._read_strictly(self._span, odd)
        plain = self._plain(columns)
        self._strict.sort(key=lambda record: record.line)
        return merged(plain, block_of(self._strict, width)) if self._strict else plain

    def _read_strictly(self, span: Span, odd: Places) -> None:
        """Read the records that begin on odd lines, with whatever lines they take; those between them are plain."""
        feed = self._feed
        for place in odd[odd >= feed.at].tolist():
            if place < feed.at:
                continue
            feed.at = place
            piece = self._split.next(self._form.arity)
            pieces = [*([piece] if piece else []), *_waiting(self._split, self._form)]
            self._strict += [record_of(one, self._form) for one in pieces]
            if feed.span is not span:  # the record went on beyond the span
                self._is_plain[place:] = False
                return
            self._is_plain[place : feed.at] = False
        feed.at = len(span.ends)

    def _plain(self, columns: csv_plain.Columns) -> Block:
        """Return the plain lines' records; those that have something wrong after all are added to the strict ones."""
        text, lines = self._decoded()
        if not lines:
            return block_of([], len(self._form.places))
        places = np.flatnonzero(self._is_plain)
        found, skipped = columns.split(lines)
        rows = np.delete(np.arange(len(places)), skipped)  # the place of each row among the plain lines
        foreign = _foreign(found, np.flatnonzero(np.isin(rows, csv_plain.suspects(text))))
        if len(foreign):
            is_ours = np.ones(len(rows), np.bool_)
            is_ours[foreign] = False
            found, rows = [column.filter(pa.array(is_ours)) for column in found], rows[is_ours]
        self._give_up(np.delete(places, rows))
        return accepted(found, pa.array(places[rows] + self._span.first))

    def _give_up(self, places: Places) -> None:
        """Give lines that are records of their own to the strict reader."""
        span = self._span
        self._is_plain[places] = False
        self._strict += [record_of(Piece(span.first + place, span.line(place)), self._form) for place in places.tolist()]

    def _decoded(self) -> tuple[str, bytes]:
        """Return the plain lines as text and in UTF-8; those that cannot be decoded are given up."""
        try:
            return _as_utf8(self._bytes(), self._form.codec)
        except UnicodeDecodeError:
            places = np.flatnonzero(self._is_plain)
            self._give_up(places[csv_plain.undecodable([self._span.line(place) for place in places.tolist()], self._form.codec)])
            return _as_utf8(self._bytes(), self._form.codec)

    def _bytes(self) -> bytes:
        """Return the plain lines."""
        ends, is_plain = self._span.ends, self._is_plain
        edges = np.flatnonzero(np.diff(np.concatenate(([False], is_plain, [False]))))
        bounds = np.concatenate(([0], ends))[edges].reshape(-1, 2).tolist()
        return b"".join(self._span.content[start:end] for start, end in bounds)


def _as_utf8(raw: bytes, codec: str) -> tuple[str, bytes]:
    text = raw.decode(codec)
    return text, raw if codec == "utf-8" else text.encode()


def _foreign(columns: list[pa.Array], suspects: Places) -> Places:
    """Return which of the suspect rows have a text in a foreign encoding."""
    if not len(suspects):
        return suspects
    taken = (column.take(pa.array(suspects)) for column in columns)
    some = [column.to_pylist() for column in taken if pc.all(pc.string_is_ascii(column)).as_py() is False]
    return suspects[[misread(texts) is not None for texts in zip(*some, strict=True)]] if some else suspects[:0]
