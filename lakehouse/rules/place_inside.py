"""Declares `place_inside`: the region a code names lies inside an area at the business date, by the region tree, not by digits.

A row passes when its code names no region in force (`place_known` and `place_current` report that) or the provider has no region. The rule
judges the text after the normalisation `region_successor`: an abolished code lies where its successor lies.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0402"
TYPES = ("string",)
PROVIDER = "provider"


class Parameters(Base):
    """`region` is the code of an area, or `provider`: the regions of the department that delivered the batch."""

    region: Literal["provider"] | Annotated[str, StringConstraints(pattern="^[0-9]{2,15}$")]


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    if params.region == PROVIDER:
        return Messages(f"{label.zh}不在报送单位的辖区内", f"{label.en} lies outside the region of the provider")
    return Messages(f"{label.zh}不在区划{params.region}内", f"{label.en} lies outside the region {params.region}")
