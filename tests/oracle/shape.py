"""The classes of a resource's page: how the resource is delivered, its columns, and the rules of its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from tests.oracle.rules import World
from tests.oracle.text import is_illegible

Value = date | datetime | Decimal | str


@dataclass(frozen=True)
class Check:
    """One check of a column; `vocabulary` has all kinds.

    Attributes:
        kind: the kind's name in the contracts.
        is_broken: takes a row and a column and tells whether the row breaks the check.
        severity: `error` quarantines the row, `warning` does not.
        name: the end of the rule's id, if it is not the kind.
        asks_empty: whether empty values are checked too.
        lines: for a check of a batch as a whole: takes the batch and returns the lines that break it.
        needs: a parameter that code other than the judge reads: a pattern, or the library that a reference points to.
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
    """A check of one column of a resource, with the id under which broken rows are counted."""

    id: str
    column: str
    check: Check


@dataclass(frozen=True)
class Column:
    """How a column's text is normalised and checked; `columns` has all ways of reading.

    Attributes:
        clean: returns the text as rules see it.
        value: returns the typed value, None when the text cannot be read; without it the text is the value.
        checks: the checks of the column.
        header: the header in the delivered file, if it is not the column's name.
        is_place: the code of an abolished place is replaced by its successor's.
        decimals: how many digits after the point a number has; None if the column means no number.
    """

    clean: Callable[[str | None], str | None]
    value: Callable[[str | None], Value | None] | None = None
    checks: tuple[Check, ...] = ()
    header: str = ""
    is_place: bool = False
    decimals: int | None = None

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
    """The columns in which a resource gives a person's residence."""

    code: str = ""
    address: str = ""
    community_name: str = ""


@dataclass(frozen=True)
class Page:
    """Everything the oracle knows about one resource.

    Attributes:
        file: the format of what is delivered.
        columns: name → column, in the order of the contract.
        key: the key columns.
        position: the column that orders a key's rows in source time; None: the business date orders them.
        delivery: `increment`, `snapshot` (a key not named any more has ended) or `event` (only the last row counts).
        cycle: how often the resource is delivered: every `day`, `week`, `month` or `year`.
        dropped: headers of the delivered file that are not taken.
        residence: the columns with a person's residence, if there are any.
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
        """Return the rules of all columns; a typed column's texts can be read, a text that nothing else restricts is legible."""
        return [
            Rule(f"{name}.{check.name or check.kind}", name, check)
            for name, column in self.columns.items()
            for check in (*column.checks, *([READABLE] if column.value else [] if any(map(restricts, column.checks)) else [LEGIBLE]))
        ]

    @cached_property
    def warnings(self) -> set[str]:
        """Return the ids of the rules that only warn."""
        return {rule.id for rule in self.rules if rule.check.severity == "warning"}

    @cached_property
    def of_batches(self) -> set[str]:
        """Return the ids of the rules about a batch as a whole."""
        return {rule.id for rule in self.rules if rule.check.lines}

    @cached_property
    def key_pattern(self) -> str:
        """Return the pattern of the key's first column; without one any text may be a key."""
        return next((rule.check.needs for rule in self.rules if rule.column == self.key[0] and rule.check.kind == "pattern"), "")

    @cached_property
    def headers(self) -> dict[str, str | None]:
        """Return header → column, None for a header that is dropped."""
        return {column.header or name: name for name, column in self.columns.items()} | dict.fromkeys(self.dropped)


class Row:
    """A row with its normalised texts and its business date."""

    def __init__(self, world: World, page: Page, batch: dict, row: dict) -> None:
        self.world, self.columns, self.provider, self.written = world, page.columns, batch["provider"], row
        self.day = date.fromisoformat(batch["business_date"])
        self.texts = {name: column.clean(row[name]) for name, column in page.columns.items()}

    def text(self, name: str) -> str | None:
        """Return a cleaned text, an abolished place's code still as written."""
        return self.texts[name]

    def value(self, name: str) -> Any:
        """Return the typed value of a column, None when its text cannot be read."""
        read = self.columns[name].value
        return read(self.texts[name]) if read else self.texts[name]


def warn(check: Check, name: str = "") -> Check:
    """Return the check with severity `warning`, and with another name if one is given."""
    return replace(check, severity="warning", name=name or check.name)


def restricts(check: Check) -> bool:
    """Tell whether a check lets only codes or texts of a pattern pass, so that a lost character breaks it anyway."""
    if check.kind == "pattern":
        return not re.fullmatch(check.needs, "\ufffd")
    return check.kind in ("domain", "resident_id", "uscc", "disability_certificate_no", "place_known")


def _is_out_of_use(row: Row, column: str, last: date) -> bool:
    value = row.value(column)
    day = value.date() if isinstance(value, datetime) else value
    return day is not None and not date(1900, 1, 1) <= day <= last


IN_USE = Check("range", lambda row, column: _is_out_of_use(row, column, date(2199, 12, 31)), name="calendar")
OF_THE_LIVING = Check("range", lambda row, column: _is_out_of_use(row, column, row.day), name="calendar")
LEGIBLE = Check("legible", lambda row, column: is_illegible(row.text(column), column.endswith("_name")), severity="warning")
READABLE = Check("format", lambda row, column: row.value(column) is None)
