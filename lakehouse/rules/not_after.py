"""Declares `not_after`: the local date of a date or timestamp is not after the business date."""

from __future__ import annotations

from typing import Literal

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0503"
TYPES = ("date", "timestamp")


class Parameters(Base):
    """`limit` is the business date."""

    limit: Literal["business_date"] = "business_date"


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(f"{label.zh}晚于业务日期", f"{label.en} is after the business date")
