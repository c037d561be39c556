"""A delivery before it is landed: one file (or one snapshot of a table) of one provider about one business date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Delivery:
    """A delivery before it is landed; `received` is the number of rows, only where the source itself stated it."""

    provider: str
    business_date: date
    source_object: str
    path: Path
    received: int | None = None


@dataclass(frozen=True)
class Fetched:
    """The rows of a source system in a file, and their number as the source itself stated it."""

    source_object: str
    path: Path
    received: int


@dataclass(frozen=True)
class Unusable:
    """A file or source that gives no delivery (a path without a known date or region, no answer); it gets a ticket."""

    subject: str
    message: str
