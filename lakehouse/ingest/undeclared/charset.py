"""Guess the encoding of a text file: by its mark, by its zero bytes, by whether its lines decode, and by how common the characters are."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from lakehouse.contracts.layouts import Encoding
from lakehouse.ingest.readers.foreign import WRITTEN, Written
from lakehouse.ingest.readers.likelihood import cost

MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DECODES = 0.9  # share of the lines with other letters than ASCII that must decode
ZEROS = 0.05  # in UTF-16 every separator, digit and line end has a zero byte
LOOKED_AT = 4 * 1024 * 1024
DOUBLE_BYTE: tuple[Encoding, ...] = ("gb18030", "big5")


def guess_encoding(content: bytes) -> Encoding:
    """Return the encoding that fits the bytes best; UTF-8 where they are ASCII."""
    marked = next((encoding for mark, encoding in MARKS if content.startswith(mark)), None)
    if marked is not None:
        return marked
    seen = content[:LOOKED_AT]
    if seen.count(0) > ZEROS * len(seen):
        return "utf-16"
    lines = [line for line in seen.splitlines() if not line.isascii()]
    decoded = sum(_decodes(line) for line in lines)
    if decoded >= DECODES * len(lines):
        return "utf-8"
    return min(DOUBLE_BYTE, key=lambda encoding: _unlikelihood(lines, WRITTEN[encoding]))


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unlikelihood(lines: Iterable[bytes], written: Written) -> float:
    """Return how unlikely the lines are as text in an encoding."""
    return sum(cost(line.decode(written.codec, "replace"), written.costs) for line in lines)
