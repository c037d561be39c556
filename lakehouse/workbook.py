"""Returns workbooks: text cells under Chinese headers, nothing a spreadsheet would calculate, the same bytes for the same rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import xlsxwriter
from python_calamine import CalamineWorkbook

from lakehouse.errors import QualityError

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 a property of the file format, no time of ours
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "'")
MAX_NAME = 31
NOT_IN_NAMES = "[]:*?/\\"
Cells = Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its headers and its columns of text (None is an empty cell)."""

    name: str
    headers: tuple[str, ...]
    columns: Cells


def write_workbook(sheets: Sequence[Sheet]) -> bytes:
    """Returns the bytes of a workbook.

    Raises:
        QualityError: a cell or a sheet is larger than the format allows.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": CREATED})
    text = book.add_format({"num_format": "@"})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        page.set_column(0, len(sheet.headers) - 1, 18, text)
        page.freeze_panes(1, 0)
        page.write_row(0, 0, sheet.headers)
        refused = [_write_column(page, number, cells) for number, cells in enumerate(sheet.columns)]
        if any(refused):
            raise QualityError(f"sheet {sheet.name}: {sum(refused)} cells do not fit into a workbook (32,767 characters, 1,048,576 rows).")
    book.close()
    return buffer.getvalue()


def read_sheet(content: bytes, name: str) -> list[list[str | None]]:
    """Returns the rows of a sheet without its headers, as they were before they were made harmless."""
    pages = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = pages.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return [[original(str(cell)) if cell != "" else None for cell in row] for row in rows[1:]]


def harmless(text: str) -> str:
    """Returns a text no spreadsheet takes for a formula: an apostrophe before = + - @ (and before an apostrophe, to be unambiguous)."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def original(text: str) -> str:
    """Returns what `harmless` was given."""
    return text[1:] if text.startswith("'") else text


def is_sheet_name(name: str) -> bool:
    """Returns whether a workbook may have a sheet of that name."""
    return 0 < len(name) <= MAX_NAME and not any(character in NOT_IN_NAMES for character in name)


def _write_column(page: xlsxwriter.worksheet.Worksheet, number: int, cells: Sequence[str | None]) -> int:
    """Writes a column and returns how many cells were refused."""
    write = page.write_string
    return sum(write(row, number, harmless(cell)) != 0 for row, cell in enumerate(cells, 1) if cell is not None)
