"""Turn the cells of a sheet into exact texts: no formula is calculated, and no digit that the sheet shows is rounded away.

Whatever is wrong with a cell costs its row and no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple
from xml.etree.ElementTree import Element

from lakehouse.contracts.model import Column
from lakehouse.ingest.readers import xlsx_reasons as reasons
from lakehouse.ingest.readers.records import BrokenRecordError, Reject, refusal
from lakehouse.ingest.readers.xlsx_archive import local
from lakehouse.ingest.readers.xlsx_formats import NUMBER, Shown
from lakehouse.ingest.readers.xlsx_moments import iso_text, serial_text
from lakehouse.ingest.readers.xlsx_package import NoPlaceError, Package, SheetPart, place_of, text_of, written_out
from lakehouse.text.cells import fits

PRECISE = Context(prec=15, rounding=ROUND_HALF_UP)  # what a spreadsheet keeps of a typed number; the rest is an echo of binary fractions
DIGITS = 15
SMALLEST = -308
LAST_ROW = 1_048_576
XML_SPACE = " \t\r\n"
NUMBER_TEXT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")
NO_NUMBERS = ("NaN", "INF", "-INF")  # what XML has for numbers that are none
ORDINAL = re.compile("[0-9]{1,9}")
TRUTH = {"1": "true", "true": "true", "0": "false", "false": "false"}


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


class SheetRow(NamedTuple):
    """A row that holds something: its number, its cells by column, and why it is unreadable where a place or value is uncertain."""

    number: int
    cells: list[Cell]
    broken: Reject | None = None


@dataclass(frozen=True)
class Meaning:
    """What cells refer to: the workbook's texts, what its styles show, and where its serial numbers begin."""

    strings: Sequence[str]
    shown: Sequence[Shown]
    from_1904: bool
    stored_results: bool

    @classmethod
    def of(cls, package: Package, *, stored_results: bool) -> Meaning:
        """Return what the cells of a workbook refer to."""
        return cls(package.strings(), package.formats(), package.counts_from_1904(), stored_results)

    def text(self, cell: Cell, column: Column | None) -> str | None:
        """Return the text of a cell as people see it; a number in a column of dates (or shown as a date) becomes the date it stands for.

        Raises:
            BrokenRecordError: a formula, an error value, a number that has lost digits, or something the format does not know.
        """
        if cell.formula is not None and not (self.stored_results and cell.value is not None):
            raise BrokenRecordError("formula_cell")
        if cell.kind == "e":
            raise BrokenRecordError("error_cell")
        return checked(self._text(cell, column))

    def as_written(self, cell: Cell) -> str:
        """Return what stands in a cell that cannot be read."""
        try:
            return self._named("s", cell.value or "") if cell.kind == "s" else cell.inline or cell.value or ""
        except BrokenRecordError:
            return cell.value or ""

    def _text(self, cell: Cell, column: Column | None) -> str | None:
        if cell.kind == "inlineStr" and not cell.value:
            return cell.inline
        if cell.inline:  # an inline text and something else: nobody knows which one people saw
            raise BrokenRecordError("malformed_cell")
        if not cell.value:
            return None
        if cell.kind == "n":
            return self._number(cell.value, self._shown(cell), column)
        if cell.kind == "d":
            return iso_text(cell.value.strip(XML_SPACE), self._shown(cell), column) or cell.value
        if cell.kind == "str":
            return written_out(cell.value)
        return self._named(cell.kind, cell.value.strip(XML_SPACE))

    def _named(self, kind: str, value: str) -> str:
        """Return what a value stands for: the number of a text, or a truth value."""
        if kind == "s" and ORDINAL.fullmatch(value) and int(value) < len(self.strings):
            return self.strings[int(value)]
        if kind == "b" and value in TRUTH:
            return TRUTH[value]
        raise BrokenRecordError("malformed_cell")

    def _shown(self, cell: Cell) -> Shown:
        return self.shown[int(cell.style)] if ORDINAL.fullmatch(cell.style) and int(cell.style) < len(self.shown) else NUMBER

    def _number(self, value: str, shown: Shown, column: Column | None) -> str:
        written = value.strip(XML_SPACE)
        if NUMBER_TEXT.fullmatch(written) is None:
            raise BrokenRecordError("imprecise_number" if written in NO_NUMBERS else "malformed_cell")
        exact = Decimal(written)
        if exact and not SMALLEST <= exact.adjusted() < DIGITS:
            raise BrokenRecordError("imprecise_number")
        moment = serial_text(exact, self.from_1904, shown, column)
        if moment is not None:
            return moment
        number = PRECISE.plus(exact)
        if number != number.to_integral_value():
            return format(number.normalize(), "f")
        is_padded = number >= 0 and (column is None or column.type == "string")
        return str(int(number)).zfill(shown.zeros if is_padded else 0)


def rows(package: Package, sheet: SheetPart) -> Iterator[SheetRow]:
    """Yield the rows of a sheet that hold something.

    Raises:
        SourceError: a row comes twice or after a later one, or has no number, so it is unknown which row people saw there.
    """
    last = 0
    for element in package.elements(sheet, "row"):
        written = element.get("r")
        number = last + 1 if written is None else int(written) if ORDINAL.fullmatch(written) else 0
        if not last < number <= LAST_ROW:
            where, allowed = f"{package.where}: sheet {sheet.name}", f"rows 1 to {LAST_ROW}, each once"
            raise refusal(where, reasons.rows_out_of_order(last), allowed, reasons.SAVE_AGAIN)
        last = number
        found_cells, broken = cells(element, number)
        if found_cells:
            yield SheetRow(number, found_cells, broken)


def cells(element: Element, row: int) -> tuple[list[Cell], Reject | None]:
    """Return the cells of a row element that hold something, from left to right; a reject where a place or value is uncertain."""
    found: list[Cell] = []
    last, is_certain = 0, True
    for child in (child for child in element if local(child.tag) == "c"):
        column = _column(child.get("r"), row, last)
        last = column or last + 1
        cell = _cell(child, row, last)
        if not cell.is_empty:
            is_certain = is_certain and column is not None and _holds_one(child)
            found.append(cell)
    found.sort(key=lambda cell: cell.column)
    is_certain = is_certain and len({cell.column for cell in found}) == len(found)
    return found, None if is_certain else "malformed_cell"


def checked(text: str | None) -> str | None:
    """Return a text, None where it is empty.

    Raises:
        BrokenRecordError: it is longer than a cell can be, or holds what is no character.
    """
    if not text:
        return None
    if "\0" in text:
        raise BrokenRecordError("nul_byte")
    try:
        whole = text.encode("utf-16-le", "surrogatepass").decode(
            "utf-16-le"
        )  # two halves of a character, each written as `_xD83D_`, are one
    except UnicodeDecodeError:
        raise BrokenRecordError("undecodable") from None
    if not fits(whole):
        raise BrokenRecordError("oversize_cell")
    return whole


def _column(reference: str | None, row: int, last: int) -> int | None:
    """Return the column of a cell, None where its reference cannot be read or names another row."""
    if reference is None:
        return last + 1
    try:
        place = place_of(reference)
    except NoPlaceError:
        return None
    return place[1] if place[0] == row else None


def _holds_one(element: Element) -> bool:
    """Return whether a cell has no part twice: nobody knows which of two values people saw."""
    names = [local(part.tag) for part in element]
    return len(names) == len(set(names))


def _cell(element: Element, row: int, column: int) -> Cell:
    parts = {local(part.tag): part for part in element}
    return Cell(
        row,
        column,
        element.get("t", "n"),
        element.get("s", "0"),
        (parts["v"].text or "") if "v" in parts else None,
        (parts["f"].text or "") if "f" in parts else None,
        text_of(parts["is"]) if "is" in parts else None,
    )
