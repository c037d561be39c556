"""Declares `place_known`: the code was in the region tree at some date; a street's code padded with zeros to 12 digits is known too.

The rule judges the text before the normalisation `region_successor`: whether a code ever existed does not depend on its successor.
"""

from __future__ import annotations

from typing import Literal

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0105"
TYPES = ("string",)
BEFORE_REPAIR = True
LEVELS = {
    "district": ("县（市、区）", "district"),
    "street": ("乡镇（街道）", "street or town"),
    "community": ("村（社区）", "community"),
    "grid": ("网格", "grid"),
    "any": ("区划", "region"),
}


class Parameters(Base):
    """`level` is the level of the region that the code must name, `any` for every level."""

    level: Literal["district", "street", "community", "grid", "any"]


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    zh, en = LEVELS[params.level]
    return Messages(f"{label.zh}不是已知的{zh}代码", f"{label.en} is not the code of a known {en}")
