"""Read CSV strictly: split into records as bytes (`csv_split`), decoded by one decoder, parsed without guessing.

Files that were delivered are read within limits and with suspicion: of their quotes, of their encoding. What PostgreSQL wrote for us has
the limits of a cell only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import BinaryIO

from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.model import Contract, CsvSource
from lakehouse.contracts.sources import delimiters
from lakehouse.ingest.readers.csv_count import count_records
from lakehouse.ingest.readers.csv_split import DeliveredSplitter, Piece, Splitter, WrittenSplitter
from lakehouse.ingest.readers.encodings import check_encoding, encoding_of_header, other_encoding
from lakehouse.ingest.readers.foreign import misread, undecodable
from lakehouse.ingest.readers.header import Expected, check_header, check_no_header, expected_of
from lakehouse.ingest.readers.lines import CODECS, NO_LIMIT, beginning, chunks, universal_lines
from lakehouse.ingest.readers.records import (
    MAX_RECORD_BYTES,
    BrokenRecordError,
    Record,
    Reject,
    refusal,
)
from lakehouse.text.cells import ALWAYS_FIT, fits

WRITTEN = CsvSource(kind="csv", path="", encoding="utf-8")  # how PostgreSQL is asked to write


def read(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
    """Return the records of a delivered CSV file.

    Raises:
        SourceError: the header is not exactly the declared names, or the file is in another encoding; the whole delivery is refused.
    """
    source = contract.source
    dialect = source if isinstance(source, CsvSource) else CsvSource(kind="csv", path="")
    return read_named(stream, dialect, (expected_of(contract), [column.source_name for column in contract.kept_columns]), where)


def read_named(stream: BinaryIO, source: CsvSource, columns: tuple[Expected, list[str]], where: str) -> Iterator[Record]:
    """Return the records of CSV bytes whose header must be exactly the declared names; `columns`: declared names, names to keep."""
    if source.delimiter not in delimiters(source.encoding):
        allowed = ", ".join(map(repr, delimiters(source.encoding)))
        raise refusal(where, "the declared delimiter may be part of a character.", allowed, "correct the contract.")
    first, rest = beginning(stream)
    check_encoding(first, source.encoding, where)
    split = DeliveredSplitter(universal_lines(chunks(rest, source.encoding)), source.delimiter)
    return _read(split, source, columns, where)


def read_written(stream: BinaryIO, expected: Expected, where: str) -> Iterator[Record]:
    """Return the records of CSV that PostgreSQL wrote for us, with exactly these columns: no limit of lines or bytes holds for them."""
    lines = universal_lines(chunks(beginning(stream)[1], "utf-8"), NO_LIMIT)
    return _read(WrittenSplitter(lines), WRITTEN, (expected, list(expected.names)), where)


def count(stream: BinaryIO, contract: Contract) -> int:
    """Return how many records a CSV file holds besides its header, counted without the reader."""
    source = contract.source if isinstance(contract.source, CsvSource) else CsvSource(kind="csv", path="")
    return count_records(stream, source, len(contract.columns))


def _read(split: Splitter, source: CsvSource, columns: tuple[Expected, list[str]], where: str) -> Iterator[Record]:
    expected, names = columns
    for _ in range(source.header_from - 1):
        split.header()
    if source.header_rows:
        fields = _header(split.header(), source, expected, where)
        pieces = split.rows(len(fields))
    else:
        fields = list(expected.names)
        pieces = _headless(split.rows(len(fields)), source, expected, where)
    return _records(pieces, source, len(fields), [fields.index(name) for name in names])


def _headless(pieces: Iterator[Piece], source: CsvSource, expected: Expected, where: str) -> Iterator[Piece]:
    """Return the records of a file declared without header, whose first one must not be a header."""
    first = next(pieces, None)
    if first is None:
        return iter(())
    with suppress(BrokenRecordError):  # what cannot be read is rejected as a record
        check_no_header(_fields(first, source), expected, where)
    return chain([first], pieces)


def _records(pieces: Iterator[Piece], source: CsvSource, arity: int, places: Sequence[int]) -> Iterator[Record]:
    for piece in pieces:
        try:
            fields = _fields(piece, source)
            if len(fields) != arity:
                raise BrokenRecordError("too_few_fields" if len(fields) < arity else "too_many_fields")
            texts = tuple(fields[place] or None for place in places)
            if foreign := misread(texts):
                raise BrokenRecordError(foreign)
            yield Record(piece.number, texts)
        except BrokenRecordError as error:
            yield Record(piece.number, None, error.reject, piece.content[:MAX_RECORD_BYTES])


def _fields(piece: Piece, source: CsvSource) -> list[str]:
    if piece.broken:
        raise BrokenRecordError(piece.broken)
    text = _text(piece.content, source.encoding)
    try:
        fields = next(csv.reader([text], delimiter=source.delimiter, strict=True)) if '"' in text else text.split(source.delimiter)
    except csv.Error:  # the splitter only lets well-formed quoting through: what is left is Python's own limit for a cell
        raise BrokenRecordError("oversize_cell") from None
    if len(text) > ALWAYS_FIT and not all(map(fits, fields)):
        raise BrokenRecordError("oversize_cell")
    return fields


def _text(content: bytes, encoding: Encoding) -> str:
    if b"\0" in content:
        raise BrokenRecordError("nul_byte")
    rewritten: Encoding = "utf-8" if encoding == "utf-16" else encoding
    try:
        text = content.decode(CODECS.get(encoding, encoding)).rstrip("\r\n")
    except UnicodeDecodeError:
        raise BrokenRecordError(undecodable(content, rewritten)) from None
    if not text:
        raise BrokenRecordError("blank_line")
    return text


def _header(piece: Piece | None, source: CsvSource, expected: Expected, where: str) -> list[str]:
    declared = set(expected.names)
    place = f"{where}: header"
    reject: Reject = "blank_line"
    fields: list[str] = []
    try:
        if piece is not None:
            fields = _fields(piece, source)
    except BrokenRecordError as error:
        reject = error.reject
    if piece is not None and set(fields) != declared:
        name = encoding_of_header(piece.content, source.encoding, source.delimiter, declared)
        if name:
            raise other_encoding(place, name, source.encoding)
    if not fields:
        found = f"the header line cannot be read as {source.encoding} ({reject})."
        raise refusal(place, found, ", ".join(sorted(declared)), "send the file again with its header line.")
    check_header(fields, expected, where)
    return fields
