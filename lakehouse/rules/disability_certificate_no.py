"""Declares `disability_certificate_no`: 20 characters, a valid resident number followed by category (1 to 7) and grade (1 to 4).

Source: GB/T 26341 for category and grade; the check itself is in `lakehouse.numbers.disability_certificate`.
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
        f"{label.zh}有误（应为18位身份证号加残疾类别、残疾等级各1位）",
        f"{label.en} is wrong (a resident number of 18 characters, then category and grade)",
    )
