"""Tell what the number format of a cell shows people: a plain number, one with leading zeros, a date or time, a month, a year."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from openpyxl.styles.numbers import BUILTIN_FORMATS

ASIDE = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]|am/pm|a/p|上午/下午|general|standard|g/通用格式', re.IGNORECASE)
UNSEEN = re.compile(r'" *"|\\ |_.|\*.|\[(?:\$-[0-9a-z,]*|(?!dbnum)[a-z]+[0-9]*)\]', re.IGNORECASE)  # spaces, colours, languages
ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
ZEROS = re.compile("0{2,}")
DIGITS = re.compile(r"[#?]|(?<![.0])0")  # the only digits in the format of a moment are those of seconds, after a point
YEARS = frozenset("ye")
CHINESE_MONTH, CHINESE_DAY, CHINESE_CLOCK = 'yyyy"年"m"月"', 'm"月"d"日"', 'h"时"mm"分"'
CHINESE_FORMATS = (  # formats built into the Chinese versions of the programs, by their numbers
    dict.fromkeys((27, 36, 50, 52, 57), CHINESE_MONTH)
    | dict.fromkeys((28, 29, 51, 53, 54, 58), CHINESE_DAY)
    | {30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"'}
    | dict.fromkeys((32, 33, 34, 35, 55, 56), CHINESE_CLOCK)
)


class Shown(NamedTuple):
    """What a format shows of a number (`clock`: a time of day only); `zeros`: the fewest digits, where it consists of zeros only."""

    what: Literal["number", "moment", "clock", "month", "year"] = "number"
    zeros: int = 0


NUMBER = Shown()


def shown_by(code: str) -> Shown:
    """Return what a format shows of a positive number. A duration (`[h]:mm`) is a number."""
    first = ASIDE.sub("", code).partition(";")[0].lower()
    units = set(re.findall("[ymdhse]", first))
    if ELAPSED.search(first):
        return NUMBER
    if not units & set("ymdhs") or DIGITS.search(first):
        return Shown(zeros=_zeros(code))
    if units & YEARS and not units & set("dhs"):
        return Shown("month" if "m" in units else "year")
    return Shown("moment" if units & set("yde") else "clock" if units & set("hs") else "moment")


def formats(declared: Mapping[str, str]) -> dict[str, Shown]:
    """Return what each format shows by its number, built-in ones and those `declared` in the workbook."""
    builtin = {str(number): code for number, code in (BUILTIN_FORMATS | CHINESE_FORMATS).items()}
    return {number: shown_by(code) for number, code in (builtin | dict(declared)).items()}


def _zeros(code: str) -> int:
    """Return how many digits a format of zeros only shows at least; 0 for any other, and where it shows a zero in another way."""
    sections = list(_sections(code))
    found = ZEROS.fullmatch(sections[0])
    return len(found[0]) if found and sections[2:3] in ([], [found[0]]) else 0


def _sections(code: str) -> Iterator[str]:
    """Yield what a format prints of positive numbers, of negative ones, of zero and of texts."""
    for section in code.split(";"):
        yield UNSEEN.sub("", section).strip()
