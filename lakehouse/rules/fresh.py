"""Declares `fresh`: the local date of a date or timestamp is at most `maxDays` days before the business date."""

from __future__ import annotations

from pydantic import Field

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0502"
TYPES = ("date", "timestamp")


class Parameters(Base):
    """`maxDays` (`max_days` in Python): the greatest age in days that is still fresh."""

    max_days: int = Field(alias="maxDays", ge=0)


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    days = params.max_days
    return Messages(f"{label.zh}早于业务日期{days}天以上", f"{label.en} is more than {days} days before the business date")
