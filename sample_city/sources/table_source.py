"""Turn a resource's rows into a table of the source database that is loaded once and then changed day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from sample_city.sources.defects import Labelled, Row
from sample_city.sources.labels import Label
from sample_city.sources.resource import Resource
from sample_city.world.people import FIRST_DAY

Fault = tuple[str, date, str]  # a fault of the sample's API server: path, requested business date, kind of fault


@dataclass(frozen=True)
class Api:
    """The URL path at which the API server serves a table, and its faults by business date."""

    path: str
    faults: tuple[tuple[date, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of the source database; every column is text but `update_time`, and there is no primary key."""

    name: str
    columns: tuple[str, ...]
    key: str  # a change replaces all rows with its value in this column
    api: Api | None = None  # None: the lake reads the table itself


@dataclass(frozen=True)
class Change:
    """One change of a table: the new row, the key whose rows it replaces (None: it is added), the kind of its label."""

    row: Row
    replaces: str | None = None
    kind: str = ""


class TableSource(Resource):
    """A source that is a table; a subclass says which rows there are at first and which change on a day."""

    table: ClassVar[Table]
    first_delivery: ClassVar[date] = FIRST_DAY  # the business date the first load is delivered with

    def special_rows(self) -> Iterable[Labelled]:
        """Yield the first part of the first load, in which some rows have a label."""
        return ()

    def ordinary_rows(self) -> Iterable[Row]:
        """Yield the rest of the first load, which has no labels."""
        return ()

    def ordinary_changes(self, day: date) -> Iterable[Change]:
        """Yield the changes of a day that have no label."""
        raise NotImplementedError

    def special_changes(self, day: date) -> Iterable[Change]:  # noqa: ARG002
        """Yield the changes of a day that come after the ordinary ones; some have a label."""
        return ()

    def first_load(self) -> Iterator[Row]:
        """Yield every row as it was before the first day."""
        yield from (row for row, _ in self.special_rows())
        yield from self.ordinary_rows()

    def changes(self, day: date) -> list[Change]:
        """Return the changes of a day."""
        return [*self.ordinary_changes(day), *self.special_changes(day)]

    def first_labels(self) -> Iterator[Label]:
        """Yield the labels of rows of the first load, if it is delivered with the first day."""
        if self.first_delivery == FIRST_DAY:
            yield from self._special_labels()

    def labels(self, day: date) -> Iterator[Label]:
        """Yield the labels of rows that first come with a day's delivery."""
        if FIRST_DAY < day == self.first_delivery:
            yield from self._special_labels()
        yield from (self.label(change.row, change.kind, day) for change in self.special_changes(day) if change.kind)

    def _special_labels(self) -> Iterator[Label]:
        return (self.label(row, kind, self.first_delivery) for row, kind in self.special_rows() if kind)
