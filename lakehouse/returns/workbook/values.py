"""Texts as values of a workbook's cells, and back: dates and amounts can be sorted and summed there, identifiers stay text."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from lakehouse.returns.workbook.pages import Kind
from lakehouse.text.cells import harmless, original

KINDS: dict[str, Kind] = {"date": "date", "timestamp": "moment", "integer": "integer", "number": "number"}
FIRST_DATE = date(1900, 3, 1)  # spreadsheets believe in a 29 February 1900; what is before it stays text
FIRST_MOMENT = datetime(1900, 3, 1)  # noqa: DTZ001 local time, as cells hold it
DATE, MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")
# a cell holds 15 digits; two of them are behind the point
INTEGER, NUMBER = re.compile(r"0|-?[1-9][0-9]{0,12}"), re.compile(r"-?(?:0|[1-9][0-9]{0,12})\.[0-9]{2}")
Cell = str | int | float | date | datetime
MIDNIGHT = " 00:00"


def kind_of(type_: str, *, has_labels: bool) -> Kind:
    """Return the kind of the cells of a column, by its type in the payload; codes shown as labels are text."""
    return "text" if has_labels else KINDS.get(type_, "text")


def to_cell(text: str, kind: Kind) -> Cell:
    """Return the value of a cell; a text that its kind cannot hold exactly stays a text."""
    if kind == "date" and DATE.fullmatch(text) and (day := date.fromisoformat(text)) >= FIRST_DATE:
        return day
    if kind == "moment" and MOMENT.fullmatch(text) and (moment := datetime.fromisoformat(text)) >= FIRST_MOMENT:
        return moment
    if kind == "integer" and INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and NUMBER.fullmatch(text) and text != "-0.00":
        return float(text)
    return harmless(text)


def to_text(cell: object, kind: Kind) -> str | None:
    """Return the text that a cell was made from, None for an empty cell."""
    if isinstance(cell, str):
        return original(cell) if cell else None
    if isinstance(cell, datetime):
        rounded = cell + timedelta(seconds=30)
        return rounded.strftime("%Y-%m-%d %H:%M") if kind == "moment" else rounded.strftime("%Y-%m-%d")
    if isinstance(cell, date):
        return f"{cell.isoformat()}{MIDNIGHT if kind == 'moment' else ''}"
    if isinstance(cell, int | float):
        return f"{Decimal(repr(cell)):.2f}" if kind == "number" else str(int(cell))
    return str(cell)
