"""Declares `legible`: no character of the text stands for one that was lost: replacement, private use, garbled, a question mark in a name.

Derived as a warning for every text that no rule restricts to certain codes or a pattern; the sender still has what was lost.
"""

from __future__ import annotations

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0305"
TYPES = ("string",)


class Parameters(Base):
    """No parameters: whether the column holds names follows from its class and its own name."""


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(
        f"{label.zh}中有字符丢失（替换符、自造字、乱码，或姓名、名称中的问号）",
        f"{label.en} has lost characters (replaced, of private use, garbled, or a question mark in a name)",
    )
