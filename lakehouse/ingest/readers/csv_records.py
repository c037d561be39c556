"""Make a record of the bytes that a splitter found: decoded by one decoder, parsed without guessing."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from lakehouse.contracts.layouts import Encoding
from lakehouse.ingest.readers.csv_split import Piece
from lakehouse.ingest.readers.foreign import misread, undecodable
from lakehouse.ingest.readers.lines import CODECS
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, BrokenRecordError, Record
from lakehouse.text.cells import ALWAYS_FIT, fits


@dataclass(frozen=True)
class Form:
    """How the records of a file are written: its declared encoding and delimiter, the number of fields, the places of those to keep."""

    encoding: Encoding
    delimiter: str
    arity: int
    places: tuple[int, ...]

    @property
    def codec(self) -> str:
        """Return the codec of the bytes that a splitter finds."""
        return CODECS.get(self.encoding, self.encoding)


def record_of(piece: Piece, form: Form) -> Record:
    """Return the texts to keep, or the reject of what cannot be read."""
    try:
        fields = fields_of(piece, form.encoding, form.delimiter)
        if len(fields) != form.arity:
            raise BrokenRecordError("too_few_fields" if len(fields) < form.arity else "too_many_fields")
        texts = tuple(fields[place] or None for place in form.places)
        if foreign := misread(texts):
            raise BrokenRecordError(foreign)
    except BrokenRecordError as error:
        return Record(piece.number, None, error.reject, piece.content[:MAX_RECORD_BYTES])
    return Record(piece.number, texts)


def fields_of(piece: Piece, encoding: Encoding, delimiter: str) -> list[str]:
    """Return all fields of a record.

    Raises:
        BrokenRecordError: they cannot be read.
    """
    if piece.broken:
        raise BrokenRecordError(piece.broken)
    text = _text(piece.content, encoding)
    try:
        fields = next(csv.reader([text], delimiter=delimiter, strict=True)) if '"' in text else text.split(delimiter)
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
