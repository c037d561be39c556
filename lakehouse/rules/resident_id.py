"""Declares `resident_id`: a citizen's number (公民身份号码) or HK/MO/TW residence card with right length, characters, date and check digit.

Source: GB 11643-1999; the check itself is in `lakehouse.numbers.resident`. The region part is never judged: regions are abolished.
"""

from __future__ import annotations

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0301"
TYPES = ("string",)


class Parameters(Base):
    """No parameters."""


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(
        f"{label.zh}有误（长度、字符、出生日期或校验码）",
        f"{label.en} is wrong (length, characters, birth date or check digit)",
    )
