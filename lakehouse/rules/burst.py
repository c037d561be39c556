"""Declares `burst`: within a batch, at most `max` rows with the same `by` have a time in the same minute (the rule's column).

Rows without `by` or with a time that cannot be read are not counted. All rows of a minute with too many rows break the rule.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lakehouse.rules.vocabulary import ColumnName, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0501"
TYPES = ("timestamp",)


class Parameters(Base):
    """`by` is the column whose values are counted; the rule's own column is the time."""

    by: ColumnName
    per: Literal["minute"] = "minute"
    max: int = Field(100, ge=1)


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    return Messages(
        f"同一{params.by}一分钟内超过{params.max}条（按{label.zh}）",
        f"more than {params.max} rows of one {params.by} within a minute of {label.en}",
    )
