"""Read a delivered file as its recipient would: with another library than the product's, and by what the cells show."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pyarrow.parquet as pq
from openpyxl.cell.cell import Cell

BEFORE_THE_KEY = 1  # the number of the row


class Change(NamedTuple):
    """A line of a list of changes; a field is named by its heading."""

    operation: str
    row_key: str
    named: tuple[str | None, ...]
    field: str | None
    before: str | None
    after: str | None


def rows(payload: Path, sheet: str | None, width: int) -> list[tuple[str | None, ...]]:
    """Return the first `width` columns of a form as texts, beginning with the row key."""
    if payload.suffix == ".parquet":
        return [tuple(as_text(value) for value in row.values()) for row in pq.read_table(payload).to_pylist()]
    return [row[BEFORE_THE_KEY : BEFORE_THE_KEY + width] for row in _sheets(payload)[str(sheet)][1:]]


def headings(payload: Path, sheet: str) -> tuple[str | None, ...]:
    """Return the headings of a sheet."""
    return _sheets(payload)[sheet][0]


def changes(payload: Path, sheet: str) -> Iterator[Change]:
    """Yield the lines of a list of changes."""
    for operation, row_key, *named, field, before, after in _sheets(payload)[sheet][1:]:
        yield Change(str(operation), str(row_key), tuple(named), field, before, after)


@cache
def _sheets(payload: Path) -> dict[str, list[tuple[str | None, ...]]]:
    """Return all rows of each sheet; a payload is named by its content, so it is read once."""
    book = openpyxl.load_workbook(payload)
    return {sheet.title: [tuple(shown(cell) for cell in row) for row in sheet.iter_rows()] for sheet in book}


def shown(cell: Cell) -> str | None:
    """Return what a cell shows, without separators of thousands."""
    value, looks = cell.value, cell.number_format
    if value is None or isinstance(value, str):
        return value
    if cell.is_date:
        return value.strftime("%Y-%m-%d %H:%M" if "h" in looks else "%Y-%m-%d")  # type: ignore[union-attr]
    return f"{value:.2f}" if looks.endswith(".00") else f"{value:.0f}"


def as_text(value: object) -> str | None:
    """Return a value of a table as text."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
