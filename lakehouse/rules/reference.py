"""Declares `reference`: the value is known in a base library: a number as a person, a code as an entity or an address.

Judged in the libraries each day and never at the gate: a verdict must not depend on what other resources have arrived. Missing
references are listed in `quality.missing_reference`, by provider.
"""

from __future__ import annotations

from typing import Literal

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0401"
JUDGED_IN = "libraries"
TARGETS = {"person": ("人口库", "person"), "entity": ("法人库", "entity"), "address": ("标准地址库", "address")}


class Parameters(Base):
    """`to` is the base library that should know the value."""

    to: Literal["person", "entity", "address"]


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a missing reference."""
    zh, en = TARGETS[params.to]
    return Messages(f"{zh}中没有该{label.zh}", f"{label.en} names no known {en}")
