"""Tell from the texts of a column what they are: numbers with check digits, phones, dates, codes, amounts, or just text.

Deliveries have faults, so a part of the texts may be otherwise. Check digits are not right by accident, so fewer of them are enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from lakehouse.contracts.model import LogicalType
from lakehouse.numbers.disability_certificate import disability_certificate_fault
from lakehouse.numbers.entity import uscc_fault
from lakehouse.numbers.resident import HALF_WIDTH, resident_id_fault
from lakehouse.rules.format import DATE_FORMATS, NUMBER_REGEX, OPEN_ENDED, TIMESTAMP_FORMATS, TextFormat

Kind = Literal["resident_id", "disability_certificate_no", "uscc", "phone", "month", "loose_date", "code"]
PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}")
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
LOOSE_DATE = re.compile(r"[0-9]{4}[-/.年][0-9]{1,2}([-/.月]([0-9]{1,2}日?)?)?([ T][0-9:.+Z]+)?")
WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})")
NUMBER = re.compile(NUMBER_REGEX)
YEARS = range(1900, 2200)
CHECKED, MOST, NEARLY_ALL = 0.6, 0.9, 0.95  # shares of the texts that must fit
FEW_KINDS, SHORT, ENOUGH = 0.2, 12, 10  # codes: at most so many different ones to a row, so long each, in so many rows
NUMBER_FROM_DIGITS = 6  # whole numbers all of one length and at least so long are numbers of something, not amounts


@dataclass(frozen=True)
class Nature:
    """What the texts of a column are.

    Attributes:
        type: the logical type that holds them.
        physical_type: how a number is stored.
        format: how a date or time is written, where not as ISO 8601.
        kind: what kind of text they are, where that is known.
        rows: how many rows were looked at.
        filled: how many of them have a text.
        misfits: how many texts are otherwise.
    """

    type: LogicalType = "string"
    physical_type: str | None = None
    format: str | None = None
    kind: Kind | None = None
    rows: int = 0
    filled: int = 0
    misfits: int = 0


class _Look(NamedTuple):
    """One thing texts can be: how a text is recognised, which share of them must be so, and what the column then is."""

    fits: Callable[[str], bool]
    share: float
    type: LogicalType = "string"
    kind: Kind | None = None
    format: str | None = None


def cleaned(text: str | None) -> str:
    """Return a text trimmed and in half width, as it is judged."""
    return (text or "").strip().translate(HALF_WIDTH).strip()


def nature_of(texts: Sequence[str | None]) -> Nature:
    """Return what the texts of a column are."""
    given = [text for text in map(cleaned, texts) if text]
    counted = Nature(rows=len(texts), filled=len(given))
    for look in LOOKS if given else ():
        fitting = sum(map(look.fits, given))
        if fitting >= look.share * len(given):
            return replace(counted, type=look.type, kind=look.kind, format=look.format, misfits=len(given) - fitting)
    number = _number(given)
    if number is not None:
        return replace(counted, type=number[0], physical_type=number[1], misfits=number[2])
    values = frozenset(given)
    is_code = len(given) >= ENOUGH and len(values) <= FEW_KINDS * len(given) and all(len(value) <= SHORT for value in values)
    return replace(counted, kind="code" if is_code else None)


def few_values(texts: Sequence[str | None]) -> frozenset[str]:
    """Return the different texts of a column; none where there are too many of them for codes."""
    values = frozenset(text for text in map(cleaned, texts) if text)
    return values if len(values) <= max(ENOUGH, FEW_KINDS * len(texts)) else frozenset()


def _is_date(form: TextFormat) -> Callable[[str], bool]:
    shape = re.compile(form.regex)

    def fits(text: str) -> bool:
        if not shape.fullmatch(text):
            return False
        try:
            return datetime.strptime(text, form.python).year in YEARS or text in OPEN_ENDED  # noqa: DTZ007 - a text without a zone
        except ValueError:
            return False

    return fits


def _is_resident_id(text: str) -> bool:
    return resident_id_fault(text.upper(), date.max) is None


def _is_certificate(text: str) -> bool:
    return disability_certificate_fault(text.upper(), date.max) is None


def _number(given: Sequence[str]) -> tuple[LogicalType, str | None, int] | None:
    """Return type, stored type and number of misfits of amounts and counts; None where the texts are none."""
    whole = [text for text in given if WHOLE.fullmatch(text)]
    numbers = [text for text in given if NUMBER.fullmatch(text)]
    lengths = {len(text) for text in whole}
    if len(whole) >= NEARLY_ALL * len(given) and given:
        is_a_number_of_something = len(lengths) == 1 and min(lengths) >= NUMBER_FROM_DIGITS and len(whole) > 1
        return None if is_a_number_of_something else ("integer", None, len(given) - len(whole))
    fractions = [text.partition(".")[2] for text in numbers if "." in text]
    leading = [text for text in numbers if re.match(r"[+-]?0[0-9]", text)]
    if len(numbers) >= NEARLY_ALL * len(given) and fractions and not leading:
        return "number", f"decimal(18,{min(max(2, *map(len, fractions)), 10)})", len(given) - len(numbers)
    return None


LOOKS: tuple[_Look, ...] = (
    _Look(_is_certificate, CHECKED, kind="disability_certificate_no"),
    _Look(_is_resident_id, CHECKED, kind="resident_id"),
    _Look(lambda text: uscc_fault(text.upper()) is None, CHECKED, kind="uscc"),
    _Look(lambda text: PHONE.fullmatch(text) is not None, CHECKED, kind="phone"),
    *(_Look(_is_date(form), MOST, "date", format=name) for name, form in DATE_FORMATS.items()),
    *(_Look(_is_date(form), MOST, "timestamp", format=name) for name, form in TIMESTAMP_FORMATS.items()),
    _Look(lambda text: MONTH.fullmatch(text) is not None, MOST, kind="month"),
    _Look(lambda text: LOOSE_DATE.fullmatch(text) is not None, MOST, kind="loose_date"),
    _Look(lambda text: text in ("true", "false"), NEARLY_ALL, "boolean"),
)
