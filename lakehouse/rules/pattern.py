"""Declares `pattern`: the text as a whole matches a regular expression."""

from __future__ import annotations

import re

from pydantic import field_validator

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0302"


class Parameters(Base):
    """`regex` begins with ^ and ends with $; write `[0-9]`, not the class of digits (Python and Java differ outside ASCII)."""

    regex: str

    @field_validator("regex")
    @classmethod
    def _compiles_everywhere(cls, regex: str) -> str:
        try:
            re.compile(regex)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        if not (regex.startswith("^") and regex.endswith("$")):
            raise ValueError("must begin with ^ and end with $")
        if re.search(r"\\[dwsDWSbB]", regex):
            raise ValueError(r"uses a class such as \d that Python and Java read differently; write the characters out")
        return regex


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(f"{label.zh}不符合规定的格式", f"{label.en} does not match the declared pattern")
