"""What a resource's page is made of: how it is delivered, its columns, and the rules its rows must keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from tests.oracle.rules import World

Value = date | datetime | Decimal | str


@dataclass(frozen=True)
class Check:
    """One thing asked of a column; `vocabulary` has all kinds.

    Attributes:
        kind: what the contracts call it.
        is_broken: tells of a row and a column whether the row breaks it.
        severity: `error` keeps the row out, `warning` does not.
        name: how the rule's id ends, where not as its kind.
        asks_empty: also asked where the column says nothing.
        lines: what is asked of a batch as a whole, instead of its rows: the lines that break it.
        needs: what the kind needs, where others than the judge ask for it: a pattern, or the library a reference leads to.
    """

    kind: str
    is_broken: Callable[[Row, str], bool] = lambda row, column: False  # noqa: ARG005
    severity: str = "error"
    name: str = ""
    asks_empty: bool = False
    lines: Callable[[list[dict], str], set[int]] | None = None
    needs: str = ""


@dataclass(frozen=True)
class Rule:
    """A check asked of one column of a resource, with the id under which it is counted."""

    id: str
    column: str
    check: Check


@dataclass(frozen=True)
class Column:
    """How a column's text is read and what is asked of it; `columns` has all ways of reading.

    Attributes:
        clean: gives the text as rules see it.
        value: gives what the text means, none when it cannot be read; without it a text means itself.
        checks: what is asked of the column.
        header: what the delivered file calls it, where not by its name.
        is_place: the code of an abolished place is replaced by its successor's.
    """

    clean: Callable[[str | None], str | None]
    value: Callable[[str | None], Value | None] | None = None
    checks: tuple[Check, ...] = ()
    header: str = ""
    is_place: bool = False

    def kept(self, world: World, text: str | None, day: date) -> str | None:
        """Return a text as silver keeps it."""
        told = self.clean(text)
        if told is None or not self.is_place or world.region(told, day):
            return told
        return world.successor(told, day) or told


class File(Protocol):
    """A format in which a resource is delivered; `files` has all formats."""

    def read(self, content: bytes, page: Page) -> tuple[list[dict], list[dict]]:
        """Return the readable rows and the lines that are not."""


@dataclass(frozen=True)
class Residence:
    """The columns in which a resource says where somebody lives."""

    code: str = ""
    address: str = ""
    community_name: str = ""


@dataclass(frozen=True)
class Page:
    """Everything the oracle knows of one resource.

    Attributes:
        file: the format of what is delivered.
        columns: name → column, in the order of the contract.
        key: the columns that say what a row is about.
        position: the column that orders in source time what is said about a key; none: the business date does.
        delivery: `increment`, `snapshot` (what is not named any more has ended) or `event` (the last word alone counts).
        cycle: how often something comes: every `day`, `week` or `month`.
        dropped: headers of the delivered file that are not taken.
        residence: where its rows say somebody lives, if they do.
    """

    file: File
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    position: str | None = None
    delivery: str = "increment"
    cycle: str = "day"
    dropped: tuple[str, ...] = ()
    residence: Residence = Residence()

    @cached_property
    def rules(self) -> list[Rule]:
        """Return the rules of all columns; of one whose texts mean something, that they can be read."""
        return [
            Rule(f"{name}.{check.name or check.kind}", name, check)
            for name, column in self.columns.items()
            for check in ((*column.checks, READABLE) if column.value else column.checks)
        ]

    @cached_property
    def warnings(self) -> set[str]:
        """Return the ids of the rules that only warn."""
        return {rule.id for rule in self.rules if rule.check.severity == "warning"}

    @cached_property
    def of_batches(self) -> set[str]:
        """Return the ids of the rules asked of a batch as a whole."""
        return {rule.id for rule in self.rules if rule.check.lines}

    @cached_property
    def key_pattern(self) -> str:
        """Return the pattern of the key's first column; without one anything may be a key."""
        return next((rule.check.needs for rule in self.rules if rule.column == self.key[0] and rule.check.kind == "pattern"), "")

    @cached_property
    def headers(self) -> dict[str, str | None]:
        """Return header → column, none where it is not taken."""
        return {column.header or name: name for name, column in self.columns.items()} | dict.fromkeys(self.dropped)


class Row:
    """A row with its texts as rules see them, on its business date."""

    def __init__(self, world: World, page: Page, batch: dict, row: dict) -> None:
        self.world, self.columns, self.provider, self.written = world, page.columns, batch["provider"], row
        self.day = date.fromisoformat(batch["business_date"])
        self.texts = {name: column.clean(row[name]) for name, column in page.columns.items()}

    def text(self, name: str) -> str | None:
        """Return a cleaned text, an abolished place's code still as written."""
        return self.texts[name]

    def value(self, name: str) -> Any:
        """Return what a text means in its column, none when it cannot be read."""
        read = self.columns[name].value
        return read(self.texts[name]) if read else self.texts[name]


def warn(check: Check, name: str = "") -> Check:
    """Return the same check as one that only warns, under a name of its own if need be."""
    return replace(check, severity="warning", name=name or check.name)


READABLE = Check("format", lambda row, column: row.value(column) is None)
