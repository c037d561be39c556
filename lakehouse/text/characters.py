"""Characters that stand for nothing: what looks blank, what nobody sees, and what stands where another character was lost.

Sources: Unicode (spaces, format and control characters, noncharacters, private use); GB 18030-2022.
"""

from __future__ import annotations

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]

# Look blank, with or without being a space: Hangul fillers, the empty Braille pattern, A3A0 of GBK (U+E5E5).
BLANK: Ranges = (
    *((0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x115F, 0x1160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x2800, 0x2800), (0x3000, 0x3000), (0x3164, 0x3164), (0xE5E5, 0xE5E5), (0xFFA0, 0xFFA0)),
)
# Cannot be seen at all: control characters, Unicode's Default_Ignorable_Code_Point (joiners, directions, variation selectors, tags), marks
# of annotations, noncharacters. Left out are 0, which readers reject, and what selects the shapes of Mongolian letters (U+180B to U+180F).
INVISIBLE: Ranges = (
    *((0x01, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C), (0x17B4, 0x17B5)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFDD0, 0xFDEF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFFB)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)),
)
# Stand where a character was lost or is known to its sender only: private use, the object and the replacement character.
LOST: Ranges = ((0xE000, 0xF8FF), (0xFFFC, 0xFFFD), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))
# What replacement characters, or memory never written to, look like when their bytes are read in another encoding.
GARBLED = ("锟斤拷", "斤拷锟", "拷锟斤", "烫烫烫", "屯屯屯", "葺葺葺", "ï¿½")
# Written by programs for a character they could not encode; in names, where they mean nothing else.
PLACEHOLDERS = "?？□〓"
KEPT_INSIDE = " \t\n\r\u3000"  # blanks that people write between words; only at the ends of a text they stand for nothing

_PUNCTUATION = dict(zip(range(0xE78D, 0xE797), (0xFE10, 0xFE12, 0xFE11, *range(0xFE13, 0xFE1A)), strict=True))
_IDEOGRAPHS = dict(
    zip((0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864), range(0x9FB4, 0x9FBC), strict=True),
)
_REPEATED = {0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE831: 0x215D7, 0xE83B: 0x2298F, 0xE855: 0x241FE}
# Code points of private use in older tables of GB 18030 → the character GB 18030-2022 means: 18 that changed (A6D9 … A6F3, FE59 … FEA0),
# 6 it knows elsewhere (FE51 … FE91), the one that changed in 2005 (A8BC), and A3A0, which every editor writes as an ideographic space.
ASSIGNED = {chr(old): chr(new) for old, new in {**_PUNCTUATION, **_IDEOGRAPHS, **_REPEATED, 0xE7C7: 0x1E3F, 0xE5E5: 0x3000}.items()}


def spread(ranges: Iterable[tuple[int, int]]) -> str:
    """Return all characters of ranges of code points."""
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


def members(ranges: Iterable[tuple[int, int]]) -> str:
    """Return ranges as the inside of a character class that Python and Java read alike."""
    return "".join(f"{chr(first)}-{chr(last)}" if first < last else chr(first) for first, last in ranges)


def lies_in(character: str, ranges: Iterable[tuple[int, int]]) -> bool:
    """Return whether a character lies in one of the ranges."""
    return any(first <= ord(character) <= last for first, last in ranges)


ODD_BLANKS = "".join(one for one in spread(BLANK) if one not in KEPT_INSIDE and one not in ASSIGNED)  # inside a text they become spaces
