"""The ways a column's text is normalised before rules and silver see it; each takes the checks of the column.

`trimmed` only removes what stands for nothing; all others make a text half-width too. `day`, `moment`, `whole` and `number` also
convert the text to a typed value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from tests.oracle.rules import day_of, half, moment_of, plain_id, trim
from tests.oracle.shape import IN_USE, OF_THE_LIVING, Check, Column
from tests.oracle.text import rounded, seen

LONG_TERM = ("2099-12-31", "9999-12-31")


def trimmed(*checks: Check, header: str = "") -> Column:
    """Declares a text that is only trimmed."""
    return Column(trim, None, checks, header)


def plain(*checks: Check, header: str = "") -> Column:
    """Declares a text that is made half-width."""
    return Column(clean, None, checks, header)


def upper(*checks: Check, header: str = "") -> Column:
    """Declares a text whose letters count as upper case."""
    return Column(lambda text: (clean(text) or "").upper() or None, None, checks, header)


def identity(*checks: Check, header: str = "") -> Column:
    """Declares a resident number; an old one of 15 digits counts as its 18-digit form."""
    return Column(plain_id, None, checks, header)


def place(*checks: Check, header: str = "") -> Column:
    """Declares the code of a place; silver keeps an abolished one as its successor."""
    return Column(clean, None, checks, header, is_place=True)


def day(*checks: Check, header: str = "") -> Column:
    """Declares an ISO day."""
    return Column(_typed(checks), day_of, (*checks, IN_USE), header)


def birthday(*checks: Check, header: str = "") -> Column:
    """Declares an ISO day on which somebody was born."""
    return Column(_typed(checks), day_of, (*checks, OF_THE_LIVING), header)


def last_day(*checks: Check, header: str = "") -> Column:
    """Declares an ISO day; a day that stands for "never" counts as empty."""
    return Column(lambda text: None if (told := clean(text)) in LONG_TERM else told, day_of, (*checks, IN_USE), header)


def moment(*checks: Check, header: str = "") -> Column:
    """Declares a local moment."""
    return Column(_typed(checks), moment_of, (*checks, IN_USE), header)


def whole(*checks: Check, header: str = "") -> Column:
    """Declares a whole number."""
    return Column(_typed(checks), whole_of, checks, header, decimals=0)


def number(*checks: Check, decimals: int = 2, is_typed: bool = True, header: str = "") -> Column:
    """Declares a number with so many decimals; more of them are rounded away where the source is typed, and no number in a text file."""
    clean_ = _typed(checks)
    if is_typed:
        return Column(lambda text: rounded(clean_(text), decimals), number_of, checks, header, decimals=decimals)
    is_fine = re.compile(rf"[+-]?\d+(\.\d{{1,{decimals}}}0*)?")
    return Column(clean_, lambda text: number_of(text) if text and is_fine.fullmatch(text) else None, checks, header, decimals=decimals)


def _typed(checks: tuple[Check, ...]) -> Callable[[str | None], str | None]:
    """Return how a text that means a value is cleaned: where one is required, a word for nothing is an unreadable value."""
    is_required = any(check.kind == "required" and check.severity == "error" for check in checks)
    return (lambda text: seen(half(seen(text)))) if is_required else clean


def clean(text: str | None) -> str | None:
    """Return trimmed half-width text."""
    return trim(half(trim(text)))


def whole_of(text: str | None) -> Decimal | None:
    """Return a whole number, None when the text is not one."""
    return Decimal(text) if text and re.fullmatch(r"[+-]?\d{1,18}", text) else None


def number_of(text: str | None) -> Decimal | None:
    """Return a number, None when the text is not one."""
    return Decimal(text) if text and re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def is_time(column: Column) -> bool:
    """Tell whether a column's texts mean days or moments."""
    return column.value in (day_of, moment_of)


def is_moment(column: Column) -> bool:
    """Tell whether a column's texts mean moments."""
    return column.value is moment_of


def is_number(column: Column) -> bool:
    """Tell whether a column's texts mean numbers."""
    return column.decimals is not None
