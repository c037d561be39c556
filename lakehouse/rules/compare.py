"""Declares `compare`: the value is less than, equal to or greater than another column; a row passes where either cannot be read.

Both columns have the same type. An empty value counts as one that cannot be read. Dates, timestamps and numbers are compared as such.
Texts are compared as texts by `=`, and only as months (YYYY-MM) by the other operators.
"""

from __future__ import annotations

from typing import Literal

from lakehouse.rules.vocabulary import ColumnLikeThis, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0402"
TYPES = ("date", "timestamp", "integer", "number", "string")
MONTH_REGEX = "^[0-9]{4}-(0[1-9]|1[0-2])$"
WORDS = {
    "<": ("应早于（小于）", "is not below"),
    "<=": ("不应晚于（大于）", "is above"),
    "=": ("应等于", "differs from"),
    ">=": ("不应早于（小于）", "is below"),
    ">": ("应晚于（大于）", "is not above"),
}


class Parameters(Base):
    """`operator` stands between the rule's column and the column `to`."""

    operator: Literal["<", "<=", "=", ">=", ">"]
    to: ColumnLikeThis


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    zh, en = WORDS[params.operator]
    return Messages(f"{label.zh}{zh}{params.to}", f"{label.en} {en} {params.to}")
