"""A question in SQL and its answer, as command and desk tell them to one another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

VERSION = 1  # of the messages: a desk of another version is not asked


@dataclass(frozen=True)
class Question:
    """A statement, how many rows are wanted at most and in which form, and the width of the terminal (None: it goes elsewhere)."""

    statement: str
    limit: int
    form: str
    width: int | None = None


@dataclass(frozen=True)
class Reply:
    """The answer in its form, how many rows it has, and whether there are more."""

    content: bytes
    rows: int
    has_more: bool


def as_line(content: Any) -> bytes:
    """Return a message in one line."""
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"
