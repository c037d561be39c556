"""Declares `uscc`: a unified social credit code (统一社会信用代码) with two correct check characters and an allowed category.

Source: GB 32100-2015 (mod 31, position 18) and GB 11714 (mod 11, position 17); the check itself is in
`lakehouse.numbers.entity`. The region part is never judged: regions are abolished.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0301"
TYPES = ("string",)


class Parameters(Base):
    """`categories` are the first two characters allowed (91 enterprise, 92 individual business …); all when left out."""

    categories: tuple[Annotated[str, StringConstraints(pattern="^[0-9A-HJ-NPQRTUWXY]{2}$")], ...] = ()


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    zh, en = "", ""
    if params.categories:
        zh, en = f"，应以{'、'.join(params.categories)}开头", f", must begin with {', '.join(params.categories)}"
    return Messages(
        f"{label.zh}有误（长度、字符、组织机构代码或校验码{zh}）",
        f"{label.en} is wrong (length, characters, organisation code or check character{en})",
    )
