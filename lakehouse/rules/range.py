"""Declares `range`: a number, date or month (YYYY-MM) lies between two bounds; text that cannot be read is left to `format` or `pattern`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from lakehouse.rules.declaration import Labels, Messages
from lakehouse.rules.declaration import Parameters as Base

DIMENSION = "0301"
BUSINESS_DATE = "business_date"
BUSINESS_MONTH = "business_month"
WORDS = {BUSINESS_DATE: ("业务日期", "the business date"), BUSINESS_MONTH: ("业务月份", "the business month")}

Bound = Annotated[str | None, BeforeValidator(lambda value: value if value is None else str(value))]


class Parameters(Base):
    """`min` and `max` include themselves: a number, an ISO date, a month, `business_date` or `business_month`; always kept as text."""

    min: Bound = None
    max: Bound = None

    @model_validator(mode="before")
    @classmethod
    def _has_a_bound(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("min") is None and values.get("max") is None:
            raise ValueError("min or max is missing")
        return values


def is_number(bound: str) -> bool:
    """Returns whether the bound is a number (compared as a number, not as text)."""
    try:
        return Decimal(bound).is_finite()
    except InvalidOperation:
        return False


def messages(label: Labels, params: Parameters) -> Messages:
    """Returns the text of a broken rule."""
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
