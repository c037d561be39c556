"""Choose the window of dates to fetch from a source system by watermark (databases and APIs, not dropped files)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from lakehouse.city.calendar import last_due
from lakehouse.contracts.model import ApiSource, Contract, PostgresSource

FetchedSource = PostgresSource | ApiSource


@dataclass(frozen=True)
class Window:
    """The dates of the watermark to take: from `first` (None: from the beginning) to `last`, both whole days of the city."""

    first: date | None
    last: date
    timezone: str


def is_fetched(contract: Contract) -> bool:
    """Return whether rows are fetched from a source system (there is no file, so line numbers mean nothing to the provider)."""
    return isinstance(contract.source, FetchedSource)


def next_window(
    contract: Contract, landed: Iterable[date], asked: tuple[date, str], *, again: bool = False, since: date | None = None
) -> Window | None:
    """Return the window to ask for at a date (`asked`: date, time zone), or None when the delivery of the cycle has come.

    It begins the day after the last landed date, minus the overlap in days for rows that were committed late. So it also covers what a
    failed run missed. With `again`, the window is asked for even when the delivery has come; with `since`, it begins no later than then.
    """
    on, timezone = asked
    known = list(landed)
    due_on = last_due(contract.cycle, on)
    if not again and any(due_on <= day <= on for day in known):
        return None
    last = max((day for day in known if day < on), default=None)
    first = None if last is None else first_after(contract, last)
    return Window(first if first is None or since is None else min(first, since), on, timezone)


def first_after(contract: Contract, last: date) -> date:
    """Return the first day of the window that follows a delivery about a date."""
    source = contract.source
    assert isinstance(source, FetchedSource)
    return last + timedelta(days=1 - source.overlap_days)
