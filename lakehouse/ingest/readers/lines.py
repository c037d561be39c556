"""Split a stream of bytes into physical lines, numbered from one; those of a delivered file are never longer than a record may be."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from lakehouse.contracts.layouts import Encoding
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES

CHUNK = 1024 * 1024
NO_LIMIT = sys.maxsize
MARKS = {"utf-8": (codecs.BOM_UTF8,), "gb18030": (b"\x84\x31\x95\x33", codecs.BOM_UTF8), "utf-16": (codecs.BOM_UTF8,), "big5": ()}
CODECS: dict[str, str] = {"utf-16": "utf-8", "big5": "big5hkscs"}  # UTF-16 is rewritten; Big5 comes from Hong Kong and Macao too


class Line(NamedTuple):
    """A physical line with its terminator; only the beginning of a line that is too long is kept."""

    number: int
    content: bytes
    too_long: bool = False


def beginning(stream: BinaryIO) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes of a stream, to be looked at, and all its bytes in parts."""
    parts = _parts(stream)
    first = next(parts, b"")
    return first, chain((first,), parts)


def chunks(parts: Iterator[bytes], encoding: Encoding) -> Iterator[bytes]:
    """Return the same bytes in parts, UTF-16 rewritten as UTF-8, a byte order mark left out."""
    if encoding == "utf-16":
        parts = _utf8_of_utf16(parts)
    first = next(parts, b"")
    mark = next((mark for mark in MARKS[encoding] if first.startswith(mark)), b"")
    yield first[len(mark) :]
    yield from parts


def universal_lines(parts: Iterator[bytes], longest: int = MAX_RECORD_BYTES) -> Iterator[Line]:
    r"""Return lines that end in `\n`, `\r\n` or `\r` (or with the stream)."""
    return _lines(whole_endings(parts), longest, universal=True)


def newline_lines(parts: Iterator[bytes], longest: int = MAX_RECORD_BYTES) -> Iterator[Line]:
    r"""Return lines that end in `\n` only (or with the stream): `\r` is white space."""
    return _lines(parts, longest, universal=False)


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.read(CHUNK):
        yield part


def _utf8_of_utf16(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Rewrite UTF-16 as UTF-8.

    Lone surrogates and an odd last byte become bytes that no UTF-8 decoder accepts, so their record is rejected by name.
    """
    decoder = codecs.getincrementaldecoder("utf-16")("surrogatepass")
    for part in parts:
        yield decoder.decode(part).encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        yield b"\xff"


def whole_endings(parts: Iterator[bytes]) -> Iterator[bytes]:
    r"""Yield the same bytes in parts that never end between `\r` and `\n`."""
    carried = b""
    for part in parts:
        whole = carried + part
        carried = b"\r" if whole.endswith(b"\r") else b""
        yield whole[:-1] if carried else whole
    yield carried


def _lines(parts: Iterator[bytes], longest: int, *, universal: bool) -> Iterator[Line]:
    number, rest, too_long = 1, b"", False
    for part in parts:
        pieces = part.splitlines(keepends=True) if universal else _split(part)
        for piece in pieces:
            room = longest - len(rest)
            too_long = too_long or len(piece) > room
            rest += piece[: max(room, 0)]
            if piece.endswith((b"\n", b"\r") if universal else b"\n"):
                yield Line(number, rest, too_long)
                number, rest, too_long = number + 1, b"", False
    if rest:
        yield Line(number, rest, too_long)


def _split(part: bytes) -> list[bytes]:
    pieces = [piece + b"\n" for piece in part.split(b"\n")]
    pieces[-1] = pieces[-1][:-1]
    return pieces
