"""Declares `required`: the value is not empty."""

from __future__ import annotations

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0201"


class Parameters(Base):
    """No parameters."""


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(f"{label.zh}不能为空", f"{label.en} is empty")
