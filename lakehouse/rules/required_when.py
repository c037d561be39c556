"""Declares `required_when`: the value is not empty where another column holds one of the given values."""

from __future__ import annotations

from pydantic import Field

from lakehouse.rules.vocabulary import ColumnName, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0104"


class Parameters(Base):
    """`when` is the other column, `in` its values (`in_` in Python)."""

    when: ColumnName
    in_: tuple[str, ...] = Field(alias="in", min_length=1)


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    return Messages(
        f"{params.when}为{'、'.join(params.in_)}时，{label.zh}不能为空",
        f"{label.en} is empty although {params.when} is {' or '.join(params.in_)}",
    )
