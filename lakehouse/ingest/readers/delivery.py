"""A delivery before it is landed: one file (or one snapshot of a table) of one provider about one business date."""

from __future__ import annotations

from collections.abc import Mapping
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
class Outside:
    """The rows of a source table around a window, counted in the snapshot of the fetch.

    Attributes:
        days: the number of rows by the day of their watermark, up to the window's end; None for those of no day (before all time, a
            text that is no moment).
        beyond: the number of rows later than `reached`.
        reached: the last day the next window will reach.
    """

    days: Mapping[date | None, int]
    beyond: int
    reached: date


@dataclass(frozen=True)
class Fetched:
    """The rows of a source system in a file, their number as the source itself stated it, and what is known of the others."""

    source_object: str
    path: Path
    received: int
    outside: Outside | None = None


@dataclass(frozen=True)
class Unusable:
    """A file or source that gives no delivery (a path without a known date or region, no answer); it gets a ticket."""

    subject: str
    message: str
