"""Declares `unique`: no other row of the batch has the same primary key; every row of a repeated key breaks the rule."""

from __future__ import annotations

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0304"


class Parameters(Base):
    """No parameters: the key is the contract's."""


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(f"批次内主键重复（{label.zh}）", f"the key is repeated within the batch ({label.en})")
