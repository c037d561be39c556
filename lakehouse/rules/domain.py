"""Declares `domain`: the value, or its first characters, is a code in force in the code table at the business date."""

from __future__ import annotations

from pydantic import Field

from lakehouse.rules.vocabulary import CodeTableName, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0105"


class Parameters(Base):
    """`codes` names a table of `contracts/codes`; `first`: only the first characters are the code (e.g. the division of an industry)."""

    codes: CodeTableName
    first: int | None = Field(None, ge=1)


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    zh, en = label
    if params.first:
        zh, en = f"{zh}前{params.first}位", f"the beginning ({params.first} characters) of {en}"
    return Messages(f"{zh}不在代码表{params.codes}内", f"{en} is not in the code table {params.codes}")
