"""Returns what is delivered: one file (or one snapshot of a table) of one provider about one business date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Delivery:
    """A delivery before it is landed; `received` only where the source itself stated it."""

    provider: str
    business_date: date
    source_object: str
    path: Path
    received: int | None = None


@dataclass(frozen=True)
class Unusable:
    """Something in the way that is no delivery (a name nobody understands, a source that does not answer): it gets a ticket."""

    subject: str
    message: str
