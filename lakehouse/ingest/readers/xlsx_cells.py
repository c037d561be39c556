"""Turn the cells of a sheet into exact texts: no formula is calculated, and no digit that the sheet shows is rounded away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple
from xml.etree.ElementTree import Element

from lakehouse.contracts.model import Column
from lakehouse.ingest.readers.records import BrokenRecordError
from lakehouse.ingest.readers.xlsx_package import Package, SheetPart, local, place_of, text_of, written_out
from lakehouse.rules.format import text_format
from lakehouse.text.cells import fits

PRECISE = Context(prec=15, rounding=ROUND_HALF_UP)  # what a spreadsheet keeps of a typed number; the rest is an echo of binary fractions
DIGITS = 15
SMALLEST = -308
SECONDS = 86_400
LAST_SERIAL = 2_958_465  # 9999-12-31
NO_DAY = 60  # 1900-02-29, a day in the 1900 calendar of spreadsheets that never existed


class Cell(NamedTuple):
    """A cell that holds something: its place, its type and style, and its value, formula or inline text."""

    row: int
    column: int
    kind: str
    style: str
    value: str | None
    formula: str | None
    inline: str | None

    @property
    def is_empty(self) -> bool:
        """Return whether the cell holds nothing."""
        return self.formula is None and not self.value and not self.inline


@dataclass(frozen=True)
class Meaning:
    """What cells refer to: the workbook's texts, its styles that show dates, and where its serial numbers begin."""

    strings: list[str]
    dates: frozenset[str]
    from_1904: bool
    stored_results: bool

    @classmethod
    def of(cls, package: Package, *, stored_results: bool) -> Meaning:
        """Return what the cells of a workbook refer to."""
        return cls(package.strings(), package.date_styles(), package.counts_from_1904(), stored_results)

    def text(self, cell: Cell, column: Column | None) -> str | None:
        """Return the text of a cell; a number in a column of dates (or shown as a date) becomes the date or time it stands for.

        Raises:
            BrokenRecordError: a formula, an error value, or a number that has lost digits.
        """
        if cell.formula is not None and not (self.stored_results and cell.value is not None):
            raise BrokenRecordError("formula_cell")
        if cell.kind == "e":
            raise BrokenRecordError("error_cell")
        if cell.kind == "n":
            return self._number(cell, column) if cell.value else None
        return _checked(self._other(cell))

    def _other(self, cell: Cell) -> str | None:
        value = cell.value or ""
        if cell.kind == "s":
            return self.strings[int(value)] if value else None
        if cell.kind == "inlineStr":
            return cell.inline
        if cell.kind == "b":
            return {"1": "true", "true": "true", "0": "false", "false": "false"}[value] if value else None
        if cell.kind == "d":
            return datetime.fromisoformat(value).strftime("%Y-%m-%d" if len(value) == 10 else "%Y-%m-%d %H:%M:%S") if value else None
        return written_out(value)

    def _number(self, cell: Cell, column: Column | None) -> str:
        exact = Decimal(cell.value or "")
        if not exact.is_finite() or (exact and not SMALLEST <= exact.adjusted() < DIGITS):
            raise BrokenRecordError("imprecise_number")
        number = PRECISE.plus(exact)
        is_date = column is not None and column.type in ("date", "timestamp")
        moment = _moment(exact, self.from_1904) if is_date or cell.style in self.dates else None
        if moment is not None:
            return _moment_text(moment, column if is_date else None)
        if cell.style in self.dates and 0 <= exact < 1:
            seconds = round(exact * SECONDS)
            return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
        return str(int(number)) if number == number.to_integral_value() else format(number.normalize(), "f")


def cells(element: Element, row: int) -> Iterator[Cell]:
    """Yield the cells of a row element that hold something, from left to right.

    Raises:
        ValueError: a cell names another row, or the cells are not in order from left to right.
    """
    last = 0
    for child in element:
        reference = child.get("r")
        place = place_of(reference) if reference else (row, last + 1)
        if place[0] != row or place[1] <= last:
            raise ValueError("cells out of order")
        last = place[1]
        parts = {local(part.tag): part for part in child}
        cell = Cell(
            row,
            last,
            child.get("t", "n"),
            child.get("s", "0"),
            (parts["v"].text or "") if "v" in parts else None,
            (parts["f"].text or "") if "f" in parts else None,
            text_of(parts["is"]) if "is" in parts else None,
        )
        if not cell.is_empty:
            yield cell


def rows(package: Package, sheet: SheetPart) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the rows of a sheet that hold something, by number.

    Raises:
        ValueError: a row comes twice or after a later one, so it is unknown which of them people saw.
    """
    last = 0
    for element in package.elements(sheet.path, "row"):
        number = int(element.get("r") or last + 1)
        if number <= last:
            raise ValueError("rows out of order")
        last = number
        found = list(cells(element, number))
        if found:
            yield number, found


def _checked(text: str | None) -> str | None:
    if not text:
        return None
    if not fits(text):
        raise BrokenRecordError("oversize_cell")
    if "\0" in text:
        raise BrokenRecordError("nul_byte")
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, written as `_xD83D_`
        raise BrokenRecordError("undecodable") from None
    return text


def _moment(serial: Decimal, from_1904: bool) -> datetime | None:
    """Return the date and time of a serial number, None where there is none (outside the calendar, or the day that never existed)."""
    seconds = round(serial * SECONDS)
    days, rest = divmod(seconds, SECONDS)
    if not (0 if from_1904 else 1) <= days <= LAST_SERIAL - (1462 if from_1904 else 0) or (days == NO_DAY and not from_1904):
        return None
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 31) if days < NO_DAY else date(1899, 12, 30)
    return datetime.combine(first, time.min) + timedelta(days=days, seconds=rest)


def _moment_text(moment: datetime, column: Column | None) -> str:
    """Return a date and time in the column's format; a time of day in a column of dates is kept, so that the gate can judge it."""
    is_midnight = moment.time() == time.min
    if column is not None and (column.type == "timestamp" or is_midnight):
        return moment.strftime(text_format(column.type, column.format).python)
    return moment.strftime("%Y-%m-%d" if is_midnight else "%Y-%m-%d %H:%M:%S")
