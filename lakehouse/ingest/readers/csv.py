"""Read CSV strictly: split into records as bytes (`csv_split`), decoded by one decoder, parsed without guessing (`csv_records`).

Files that were delivered are read within limits and with suspicion: of their quotes, of their encoding. What PostgreSQL wrote for us has
the limits of a cell only. Both are read record by record, or with the same result as blocks (`csv_blocks`), many times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import BinaryIO

from lakehouse.contracts.model import Contract, CsvSource
from lakehouse.contracts.sources import delimiters
from lakehouse.ingest.readers.blocks import Block
from lakehouse.ingest.readers.csv_blocks import blocks_below_header
from lakehouse.ingest.readers.csv_count import count_records
from lakehouse.ingest.readers.csv_feed import AT_ONCE, Feed
from lakehouse.ingest.readers.csv_records import Form, fields_of, record_of
from lakehouse.ingest.readers.csv_split import DeliveredSplitter, Piece, Splitter, WrittenSplitter
from lakehouse.ingest.readers.encodings import check_encoding, encoding_of_header, other_encoding
from lakehouse.ingest.readers.header import Expected, check_header, check_no_header, expected_of
from lakehouse.ingest.readers.lines import NO_LIMIT, beginning, chunks, universal_lines
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, BrokenRecordError, Record, Reject, refusal

WRITTEN = CsvSource(kind="csv", path="", encoding="utf-8")  # how PostgreSQL is asked to write


@dataclass(frozen=True)
class Dialect:
    """How a file is written: the declared source, what its header must hold, the names of the columns to keep."""

    source: CsvSource
    expected: Expected
    kept: tuple[str, ...]


def dialect_of(contract: Contract) -> Dialect:
    """Return how the files of a contract are written."""
    source = contract.source if isinstance(contract.source, CsvSource) else CsvSource(kind="csv", path="")
    return Dialect(source, expected_of(contract), tuple(column.source_name for column in contract.kept_columns))


def read(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
    """Return the records of a delivered CSV file, each read by itself.

    Raises:
        SourceError: the header is not exactly the declared names, or the file is in another encoding; the whole delivery is refused.
    """
    return read_named(stream, dialect_of(contract), where)


def read_blocks(stream: BinaryIO, contract: Contract, where: str, at_once: int = AT_ONCE) -> Iterator[Block]:
    """Return the same records as blocks, each of the lines in so many bytes (`at_once`).

    Raises:
        SourceError: as `read`.
    """
    return read_named_blocks(stream, dialect_of(contract), where, at_once)


def read_named(stream: BinaryIO, dialect: Dialect, where: str) -> Iterator[Record]:
    """Return the records of CSV bytes, each read by itself."""
    lines = universal_lines(_delivered(stream, dialect.source, where))
    return _records(DeliveredSplitter(lines, dialect.source.delimiter), dialect, where)


def read_named_blocks(stream: BinaryIO, dialect: Dialect, where: str, at_once: int = AT_ONCE) -> Iterator[Block]:
    """Return the same records as blocks."""
    feed = Feed(_delivered(stream, dialect.source, where), MAX_RECORD_BYTES, at_once)
    return _blocks(feed, DeliveredSplitter(feed, dialect.source.delimiter), dialect, where)


def read_written(stream: BinaryIO, expected: Expected, where: str) -> Iterator[Record]:
    """Return the records of CSV that PostgreSQL wrote for us, with exactly these columns: no limit of lines or bytes holds for them."""
    return _records(WrittenSplitter(universal_lines(_written(stream), NO_LIMIT)), Dialect(WRITTEN, expected, expected.names), where)


def read_written_blocks(stream: BinaryIO, expected: Expected, where: str, at_once: int = AT_ONCE) -> Iterator[Block]:
    """Return the same records as blocks."""
    feed = Feed(_written(stream), NO_LIMIT, at_once)
    return _blocks(feed, WrittenSplitter(feed), Dialect(WRITTEN, expected, expected.names), where)


def count(stream: BinaryIO, contract: Contract) -> int:
    """Return how many records a CSV file holds besides its header, counted without the reader."""
    return count_records(stream, dialect_of(contract).source, len(contract.columns))


def _delivered(stream: BinaryIO, source: CsvSource, where: str) -> Iterator[bytes]:
    if source.delimiter not in delimiters(source.encoding):
        allowed = ", ".join(map(repr, delimiters(source.encoding)))
        raise refusal(where, "the declared delimiter may be part of a character.", allowed, "correct the contract.")
    first, rest = beginning(stream)
    check_encoding(first, source.encoding, where)
    return chunks(rest, source.encoding)


def _written(stream: BinaryIO) -> Iterator[bytes]:
    return chunks(beginning(stream)[1], "utf-8")


def _records(split: Splitter, dialect: Dialect, where: str) -> Iterator[Record]:
    form, first = _begin(split, dialect, where)
    further = iter(partial(split.next, form.arity), None)
    return (record_of(piece, form) for piece in chain([first] if first else [], further) if piece)


def _blocks(feed: Feed, split: Splitter, dialect: Dialect, where: str) -> Iterator[Block]:
    form, first = _begin(split, dialect, where)
    return blocks_below_header(feed, split, form, first)


def _begin(split: Splitter, dialect: Dialect, where: str) -> tuple[Form, Piece | None]:
    """Read the header; return how the records are written, and in a file declared without header the first one.

    Raises:
        SourceError: the header is not what it should be, or there is one where none is declared.
    """
    source, first = dialect.source, None
    for _ in range(source.header_from - 1):
        split.next()
    if source.header_rows:
        fields = _header(split.next(), dialect, where)
    else:
        fields = list(dialect.expected.names)
        first = split.next(len(fields))
        if first is not None:
            with suppress(BrokenRecordError):  # what cannot be read is rejected as a record
                check_no_header(fields_of(first, source.encoding, source.delimiter), dialect.expected, where)
    places = tuple(fields.index(name) for name in dialect.kept)
    return Form(source.encoding, source.delimiter, len(fields), places), first


def _header(piece: Piece | None, dialect: Dialect, where: str) -> list[str]:
    source, declared = dialect.source, set(dialect.expected.names)
    place = f"{where}: header"
    reject: Reject = "blank_line"
    fields: list[str] = []
    try:
        if piece is not None:
            fields = fields_of(piece, source.encoding, source.delimiter)
    except BrokenRecordError as error:
        reject = error.reject
    if piece is not None and set(fields) != declared:
        name = encoding_of_header(piece.content, source.encoding, source.delimiter, declared)
        if name:
            raise other_encoding(place, name, source.encoding)
    if not fields:
        found = f"the header line cannot be read as {source.encoding} ({reject})."
        raise refusal(place, found, ", ".join(sorted(declared)), "send the file again with its header line.")
    check_header(fields, dialect.expected, where)
    return fields
