"""Declares `domain`: the value is a code that its code table holds at the business date."""

from __future__ import annotations

from lakehouse.rules.declaration import CodeTableName, Labels, Messages
from lakehouse.rules.declaration import Parameters as Base

DIMENSION = "0105"


class Parameters(Base):
    """`codes` names a table of `contracts/codes`."""

    codes: CodeTableName


def messages(label: Labels, params: Parameters) -> Messages:
    """Returns the text of a broken rule."""
    return Messages(f"{label.zh}不在代码表{params.codes}内", f"{label.en} is not in the code table {params.codes}")
