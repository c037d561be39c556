"""Declares `equals_part`: the text equals certain characters of another column; a row passes where one is empty or too short."""

from __future__ import annotations

from pydantic import Field

from lakehouse.rules.vocabulary import ColumnName, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0402"
TYPES = ("string",)


class Parameters(Base):
    """`of` is the other column, `from` the place of the first character, counted from 1 (`from_` in Python)."""

    of: ColumnName
    from_: int = Field(1, alias="from", ge=1)
    length: int = Field(ge=1)


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    first, last = params.from_, params.from_ + params.length - 1
    return Messages(
        f"{label.zh}与{params.of}第{first}至{last}位不一致" if params.length > 1 else f"{label.zh}与{params.of}第{first}位不一致",
        f"{label.en} differs from characters {first} to {last} of {params.of}",
    )
