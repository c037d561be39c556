"""Write and read the files of workbooks: no formulas in cells, the same bytes for the same content."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime

import xlsxwriter
from python_calamine import CalamineWorkbook

from lakehouse.errors import QualityError
from lakehouse.returns.workbook.first_page import draw_cover
from lakehouse.returns.workbook.lists import draw_list
from lakehouse.returns.workbook.pages import Cover, Kind, Sheet
from lakehouse.returns.workbook.values import to_text
from lakehouse.text.cells import MOST_UNITS

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 a property of the file format, no time of ours
LAYOUT = "3"  # increase when the layout changes, so that files with the same cells are written again


def write_workbook(sheets: Sequence[Sheet], cover: Cover | None = None) -> bytes:
    """Return the bytes of a workbook.

    Raises:
        QualityError: a cell or a sheet is larger than the format allows.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": CREATED})
    if cover is not None:
        draw_cover(book, book.add_worksheet(cover.name), cover)
    for sheet in sheets:
        refused = draw_list(book, book.add_worksheet(sheet.name), sheet)
        if refused:
            raise QualityError(
                f"sheet {sheet.name}: {refused} cells do not fit into a workbook ({MOST_UNITS:,} characters, 1,048,576 rows)."
            )
    book.close()
    return buffer.getvalue()


def open_workbook(content: bytes) -> CalamineWorkbook:
    """Open a workbook for reading; a sheet is decoded only when it is used."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def read_sheet(content: bytes | CalamineWorkbook, name: str, kinds: Mapping[str, Kind] | None = None) -> list[list[str | None]]:
    """Return the rows of a sheet, its headers first, with the texts they were made from; `kinds` are those of columns by header."""
    book = open_workbook(content) if isinstance(content, bytes) else content
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    headers = [str(header) for header in rows[0]] if rows else []
    of = [(kinds or {}).get(header, "text") for header in headers]
    return [[to_text(cell, kind) for cell, kind in zip(row, of, strict=True)] for row in rows]
