"""Declares `reference`: the value is known in the base library of a kind of entity, e.g. a number as a person's.

Judged in the libraries each day and never at the gate: a verdict must not depend on what other resources have arrived. Missing
references are listed in `quality.missing_reference`, by provider.
"""

from __future__ import annotations

from lakehouse.rules.vocabulary import EntityName, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0401"
JUDGED_IN = "libraries"


class Parameters(Base):
    """`to` is the kind of entity of authority.yaml whose library should know the value."""

    to: EntityName


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a missing reference."""
    return Messages(f"{params.to}库中没有该{label.zh}", f"{label.en} names no known {params.to}")
