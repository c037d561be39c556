"""Says what a source of the sample city offers: a table of a database that is fed, or files that are put down.

A new source is one class of either kind and one line in `feed.Sample`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from sample_city.sources.labels import Label

Row = dict[str, str]  # one row of a table: every column as text, empty for null
Fault = tuple[str, date, str]  # what the sample's API server does wrong: path, the business date asked for, what


@dataclass(frozen=True)
class Table:
    """A table of the source database; every column is text but `update_time`, and there is no primary key."""

    name: str
    columns: tuple[str, ...]
    key: str  # the column whose value names the rows a change replaces


@dataclass(frozen=True)
class Change:
    """One change of a table: the row that comes, and the key whose rows it replaces (none: the row is added)."""

    row: Row
    replaces: str | None = None


class TableSource(Protocol):
    """A table that is loaded once and then changed day by day."""

    table: Table

    def first_load(self) -> Iterable[Row]:
        """Returns every row as it stood before the first day."""

    def first_labels(self) -> Iterable[Label]:
        """Returns the labels of rows of the first load."""

    def changes(self, day: date) -> Sequence[Change]:
        """Returns the changes of a day."""

    def labels(self, day: date) -> Iterable[Label]:
        """Returns the labels of rows that first come with a day's changes."""


class FileSource(Protocol):
    """A sender who puts files down in the inbox."""

    def put_down_first(self, inbox: Path) -> Iterable[Label]:
        """Writes the files that lie there before the first day and returns the labels of their rows."""

    def put_down(self, inbox: Path, day: date) -> Iterable[Label]:
        """Writes the files of a day and returns the labels of their rows."""
