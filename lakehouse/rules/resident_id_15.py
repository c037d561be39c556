"""Declares `resident_id_15`: the text before normalisation is an old number of 15 digits (it is kept as its 18-digit form)."""

from __future__ import annotations

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0101"
TYPES = ("string",)
BEFORE_REPAIR = True


class Parameters(Base):
    """No parameters."""


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(f"{label.zh}为15位旧号码，已换算为18位", f"{label.en} is an old number of 15 digits, converted to 18")
