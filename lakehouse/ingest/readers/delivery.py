"""A delivery before it is landed: one file (or one snapshot of a table) of one provider about one business date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Delivery:
    """A delivery before it is landed.

    Attributes:
        provider: credit code of the department that delivers.
        business_date: the date the delivery is about.
        source_object: what the provider calls it: the file's path below the inbox, or the table or path of the source system.
        path: where its bytes are.
        received: the number of rows, only where the source itself stated it.
        number: its place among the deliveries of its provider and date, as the sender says: `{n}` in the path, or the order on the command
            line; 0 where nobody says it.
        modified: when the file was last changed, in nanoseconds; it orders deliveries of the same number.
        retries: the batch whose landed bytes these are, where it is read again; None for what a provider delivers.
    """

    provider: str
    business_date: date
    source_object: str
    path: Path
    received: int | None = None
    number: int = 0
    modified: int = 0
    retries: str | None = None

    @property
    def order(self) -> tuple[date, str, int, int, str]:
        """Return what deliveries that are found together are sorted by; what a file holds never decides (ADR 0021)."""
        return self.business_date, self.provider, self.number, self.modified, self.source_object


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
