"""Guess the encoding of a text file: by its mark, by its zero bytes, by whether its lines decode, and by how common the characters are."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from lakehouse.contracts.layouts import Encoding

MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DECODES = 0.9  # share of the lines with other letters than ASCII that must decode
ZEROS = 0.05  # in UTF-16 every separator, digit and line end has a zero byte
LOOKED_AT = 4 * 1024 * 1024
# The lead bytes of frequent characters and of punctuation: GB 2312 as a whole, the first level of Big5.
COMMON: dict[Encoding, tuple[str, tuple[range, ...]]] = {
    "gb18030": ("gb2312", (range(0xA1, 0xA4), range(0xB0, 0xF8))),
    "big5": ("big5", (range(0xA1, 0xA4), range(0xA4, 0xC7))),
}
CODECS: dict[Encoding, str] = {"gb18030": "gb18030", "big5": "big5hkscs"}


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
    return max(COMMON, key=lambda encoding: _commonness(lines, encoding))


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _commonness(lines: Iterable[bytes], encoding: Encoding) -> float:
    """Return the share of frequent characters, were the lines written so; a line that does not decode has none."""
    letters = common = 0
    for line in lines:
        try:
            text = line.decode(CODECS[encoding])
        except UnicodeDecodeError:
            letters += len(line) // 2
            continue
        other = [letter for letter in text if not letter.isascii()]
        letters += len(other)
        common += sum(_is_common(letter, encoding) for letter in other)
    return common / max(letters, 1)


def _is_common(letter: str, encoding: Encoding) -> bool:
    codec, leads = COMMON[encoding]
    try:
        lead = letter.encode(codec)[0]
    except UnicodeEncodeError:
        return False
    return any(lead in some for some in leads)
