"""Declares `not_overdue`: a date has not passed at the business date while another column says that the matter is in force."""

from __future__ import annotations

from pydantic import Field

from lakehouse.rules.vocabulary import ColumnName, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0602"
TYPES = ("date",)


class Parameters(Base):
    """`when` is the other column, `in` its values that say "in force" (`in_` in Python)."""

    when: ColumnName
    in_: tuple[str, ...] = Field(alias="in", min_length=1)


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    return Messages(
        f"{label.zh}已过，而{params.when}仍为{'、'.join(params.in_)}",
        f"{label.en} has passed although {params.when} is {' or '.join(params.in_)}",
    )
