"""The layouts of a resource's deliveries: what they are called, and that one of them holds on every business date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from lakehouse.declarations.document import Finding
from lakehouse.declarations.strict_yaml import Declared
from lakehouse.errors import nearest_first

Encoding = Literal["utf-8", "utf-16", "gb18030", "big5"]


def _written_date(value: object) -> object:
    """Return the date that is written in a file; a bare number is none (a library would count it in seconds from 1970)."""
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is no date; write it as YYYY-MM-DD") from None


WrittenDate = Annotated[date, BeforeValidator(_written_date)]


class Layout(Declared):
    """How the deliveries about a span of business dates are laid out, where that changed or will change.

    What a layout leaves out is as `source` and `physicalName` say. The layouts of a contract cover every date once.

    Attributes:
        name: what messages call it.
        valid_from: the first business date whose deliveries have it; left out in the earliest layout.
        valid_to: the first business date whose deliveries no longer have it; left out in the newest one.
        names: column → its name in these deliveries, for those that are not called as `physicalName` says.
        absent: the columns these deliveries do not have; they are empty. No key, required or position column.
        order: all other columns in the order of the file; only where it has no header (`headerRows: 0`).
        encoding: as of `csv`.
        delimiter: as of `csv`.
        header_from: as of `csv` and `xlsx`.
        header_rows: as of `csv` and `xlsx`.
        sheet: as of `xlsx`.
    """

    name: str = Field(min_length=1)
    valid_from: WrittenDate | None = Field(None, alias="validFrom")
    valid_to: WrittenDate | None = Field(None, alias="validTo")
    names: Mapping[str, str] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    encoding: Encoding | None = None
    delimiter: str | None = None
    header_from: int | None = Field(None, alias="headerFrom", ge=1, le=20)
    header_rows: int | None = Field(None, alias="headerRows", ge=0, le=5)
    sheet: str | None = None

    @property
    def first(self) -> date:
        """Return a business date that has this layout: the first one, where there is one."""
        return self.valid_from or (self.valid_to - timedelta(days=1) if self.valid_to else date.max)

    def covers(self, on: date) -> bool:
        """Return whether deliveries about a business date have this layout."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on < self.valid_to)


def completed(layout: Layout, spelled: Mapping[str, str]) -> Layout:
    """Return a layout with the names of all its columns, in the order of the file.

    Args:
        layout: the layout as it was declared.
        spelled: column → `physicalName`, in the order of the contract.
    """
    present = layout.order or [name for name in spelled if name not in layout.absent]
    return layout.model_copy(update={"names": {name: layout.names.get(name, spelled[name]) for name in present}})


def findings(layouts: Sequence[Layout], spelled: Mapping[str, str], needed: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with the layouts of a contract, each with its steps from their list.

    Args:
        layouts: the layouts as they were declared.
        spelled: column → `physicalName`, in the order of the contract.
        needed: column → why no delivery can do without it.
    """
    yield from _validity(layouts)
    for place, layout in enumerate(layouts):
        for key, found, allowed, fix in (*_unknown(layout, spelled), *_absent(layout, needed), *_spelling(layout, spelled)):
            yield Finding((place, key), f"{layout.name}: {found}", allowed, fix)


def _validity(layouts: Sequence[Layout]) -> Iterator[Finding]:
    """Yield layouts that are called alike, end before they begin, and every date that no layout or more than one covers."""
    for place, layout in enumerate(layouts):
        if layout.name in [other.name for other in layouts[:place]]:
            yield Finding((place, "name"), f"there are two layouts {layout.name}.", "", "give each a name of its own.")
        if layout.valid_from and layout.valid_to and layout.valid_to <= layout.valid_from:
            found = f"{layout.name}: ends on {layout.valid_to}, before it begins."
            yield Finding((place, "validTo"), found, f"a date after {layout.valid_from}", "validTo is the first date without it.")
    ordered = sorted(layouts, key=lambda layout: layout.valid_from or date.min)
    if ordered and ordered[0].valid_from:
        yield _gap(layouts, ordered[0], f"no layout holds before {ordered[0].valid_from}, where {ordered[0].name} begins.")
    for before, after in pairwise(ordered):
        start = after.valid_from or date.min
        if before.valid_to is None or start < before.valid_to:
            since = f"from {after.valid_from} on" if after.valid_from else f"before {before.valid_to or after.valid_to or 'any date'}"
            fix = "let validTo of the one be validFrom of the other."
            yield Finding((layouts.index(after),), f"{before.name} and {after.name} overlap: both hold {since}.", "", fix)
        elif before.valid_to < start:
            yield _gap(layouts, after, f"no layout holds from {before.valid_to} ({before.name}) until {start} ({after.name}).")
    last = max(ordered, key=lambda layout: layout.valid_to or date.max, default=None)
    if last and last.valid_to:
        yield _gap(layouts, last, f"no layout holds from {last.valid_to} on, where {last.name} ends.")


def _gap(layouts: Sequence[Layout], beside: Layout, found: str) -> Finding:
    fix = "let the layouts follow each other; the earliest has no validFrom, the newest no validTo."
    return Finding((layouts.index(beside),), found, "", fix)


Fault = tuple[str, str, str, str]  # key, what was found, what is allowed, how to fix it


def _unknown(layout: Layout, spelled: Mapping[str, str]) -> Iterator[Fault]:
    for key, columns in (("names", layout.names), ("absent", layout.absent), ("order", layout.order)):
        for name in columns:
            if name not in spelled:
                yield key, f"there is no column {name!r}.", nearest_first(name, list(spelled)), "name a column of this contract."


def _absent(layout: Layout, needed: Mapping[str, str]) -> Iterator[Fault]:
    for name in layout.absent:
        if name in needed:
            yield "absent", f"the column {name!r} is {needed[name]}, so no delivery can do without it.", "", "make it optional, or keep it."
        if name in layout.names:
            yield "names", f"the column {name!r} has a name here, but is absent.", "", "remove one of both."


def _spelling(layout: Layout, spelled: Mapping[str, str]) -> Iterator[Fault]:
    present = [name for name in spelled if name not in layout.absent]
    if layout.order and sorted(layout.order) != sorted(present):
        yield "order", "does not name every column that is there exactly once.", ", ".join(present), "list all of them as in the file."
    names = [layout.names.get(name, spelled[name]) for name in present]
    for twice in sorted({name for name in names if names.count(name) > 1}):
        yield "names", f"two columns are called {twice!r}.", "", "each column of a delivery is read once."
