"""Declares `place_current`: a known code is still in force at the business date.

The rule judges the text before the normalisation `region_successor`, because it reports the codes that this normalisation replaces. A code
that is not known at all passes (`place_known` reports it).
"""

from __future__ import annotations

from typing import Literal

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0602"
TYPES = ("string",)
BEFORE_REPAIR = True


class Parameters(Base):
    """`level` is the level of the region that the code names."""

    level: Literal["district", "street", "community", "grid", "any"]


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(
        f"{label.zh}已撤销或变更，有承接区划的已改用新代码", f"{label.en} has been abolished; its successor is used where there is one"
    )
