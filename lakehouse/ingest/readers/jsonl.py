"""Read JSON Lines strictly: one object a line, UTF-8, every value kept as text, numbers by their value, nothing guessed.

Delivered lines are read within limits. What the API reader wrote, one record a line, has the limits of a cell only.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from lakehouse.contracts.model import Column, Contract
from lakehouse.ingest.readers.encodings import check_encoding
from lakehouse.ingest.readers.foreign import misread, undecodable
from lakehouse.ingest.readers.header import undeclared
from lakehouse.ingest.readers.json_number import JsonNumber, by_value
from lakehouse.ingest.readers.lines import NO_LIMIT, Line, beginning, chunks, newline_lines
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, BrokenRecordError, Record
from lakehouse.text.cells import ALWAYS_FIT, fits

WHITE_SPACE = b" \t\r\n"


def read(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
    """Return the records of a delivered JSON Lines file; an absent key, null and an empty text are the same.

    Raises:
        SourceError: the file is in another encoding; the whole delivery is refused.
    """
    first, parts = beginning(stream)
    check_encoding(first, "utf-8", where)
    return _records(newline_lines(chunks(parts, "utf-8")), contract)


def read_fetched(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:  # noqa: ARG001 - readers are called alike
    """Return the records that the API reader wrote, one a line: no limit of bytes holds for them."""
    return _records(newline_lines(chunks(beginning(stream)[1], "utf-8"), NO_LIMIT), contract)


def count(stream: BinaryIO, contract: Contract) -> int:  # noqa: ARG001 - the counters of all kinds are called alike
    """Return how many lines a file holds, counted without the reader."""
    mark = stream.read(len(codecs.BOM_UTF8))
    last = b"" if mark == codecs.BOM_UTF8 else mark
    total = last.count(b"\n")
    while part := stream.read(1024 * 1024):
        total, last = total + part.count(b"\n"), part
    return total + (1 if last and not last.endswith(b"\n") else 0)


def _records(lines: Iterator[Line], contract: Contract) -> Iterator[Record]:
    declared = {column.source_name: column for column in contract.columns}
    names = [column.source_name for column in contract.kept_columns]
    for line in lines:
        try:
            values = _object(line, declared)
            texts = tuple(values.get(name) for name in names)
            if foreign := misread(texts):
                raise BrokenRecordError(foreign)
            yield Record(line.number, texts)
        except BrokenRecordError as broken:
            yield Record(line.number, None, broken.reject, line.content[:MAX_RECORD_BYTES], broken.undeclared)


def _object(line: Line, declared: Mapping[str, Column]) -> Mapping[str, str | None]:
    if line.too_long:
        raise BrokenRecordError("oversize_record")
    if not line.content.strip(WHITE_SPACE):
        raise BrokenRecordError("blank_line")
    if b"\0" in line.content:
        raise BrokenRecordError("nul_byte")
    try:
        text = line.content.decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenRecordError(undecodable(line.content, "utf-8")) from None
    try:
        found = DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError):
        raise BrokenRecordError("malformed_json") from None
    if not isinstance(found, dict):
        raise BrokenRecordError("not_an_object")
    if not declared.keys() >= found.keys():
        raise BrokenRecordError("unknown_key", undeclared(found, declared))
    if "\\" in text or len(text) > ALWAYS_FIT:
        return {name: _text(value, declared[name]) for name, value in found.items()}
    # Without escapes a text holds only what the line holds, which has no zero and no half character.
    return {name: (value or None) if type(value) is str else _text(value, declared[name]) for name, value in found.items()}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BrokenRecordError("duplicate_key")
    return found


def _no_constant(_: str) -> str:
    raise BrokenRecordError("malformed_json")  # NaN and Infinity are no JSON


def _text(value: object, column: Column) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise BrokenRecordError("nested_value")
    if not fits(value):
        raise BrokenRecordError("oversize_cell")
    if "\0" in value:
        raise BrokenRecordError("nul_byte")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, written as an escape
        raise BrokenRecordError("undecodable") from None
    return by_value(value, column.type) if isinstance(value, JsonNumber) else value


DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_no_constant)
