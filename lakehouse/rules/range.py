"""Declares `range`: a number, date or month (YYYY-MM) lies between two bounds; unreadable values are left to `format` or `pattern`."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0301"
TYPES = ("string", "integer", "number", "date", "timestamp")
BUSINESS_DATE = "business_date"
BUSINESS_MONTH = "business_month"
MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")
DAY = re.compile("[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]")
WORDS = {BUSINESS_DATE: ("业务日期", "the business date"), BUSINESS_MONTH: ("业务月份", "the business month")}

Bound = Annotated[str | None, BeforeValidator(lambda value: value if value is None else str(value))]


class Parameters(Base):
    """`min` and `max` are inclusive: a number, an ISO date, a month, `business_date` or `business_month`; always kept as text."""

    min: Bound = None
    max: Bound = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("min or max is missing")
        return self


def is_number(bound: str) -> bool:
    """Return whether the bound is a number (compared as a number, not as text)."""
    try:
        return Decimal(bound).is_finite()
    except InvalidOperation:
        return False


def misfit(logical_type: str, params: Parameters) -> str | None:
    """Return a text saying which bound cannot be compared with values of a type; None when both can."""
    for bound in (params.min, params.max):
        if bound is not None and not _fits(logical_type, bound):
            return f"the bound {bound!r} cannot be compared with a {logical_type}"
    return None


def _fits(logical_type: str, bound: str) -> bool:
    if logical_type in ("integer", "number"):
        return is_number(bound)
    if logical_type == "string":
        return MONTH.fullmatch(bound) is not None or bound == BUSINESS_MONTH
    return bound in WORDS or DAY.fullmatch(bound) is not None


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    zh, en = [], []
    if params.min is not None:
        word = WORDS.get(params.min, (params.min, params.min))
        zh.append(f"小于{word[0]}")
        en.append(f"below {word[1]}")
    if params.max is not None:
        word = WORDS.get(params.max, (params.max, params.max))
        zh.append(f"大于{word[0]}")
        en.append(f"above {word[1]}")
    return Messages(f"{label.zh}{'或'.join(zh)}", f"{label.en} is {' or '.join(en)}")
