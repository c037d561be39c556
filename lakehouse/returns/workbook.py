"""Write and read workbooks (XLSX): text cells under Chinese headers, no formulas in cells, the same bytes for the same rows."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import xlsxwriter
from python_calamine import CalamineWorkbook

from lakehouse.errors import QualityError
from lakehouse.text.cells import MOST_UNITS, harmless, original

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 a property of the file format, no time of ours
A4 = 9
LAYOUT = "2"  # increase when the layout changes, so that files with the same cells are written again
NARROWEST, WIDEST, MEASURED_ROWS, KEY_WIDTH = 6, 44, 200, 7
PAGE_WIDTH = 170  # all columns together, in characters; wider lists would be printed too small on one A4 page
COVER_WIDTHS = (22, 16, 14, 12, 12, 56)
FONT = {"font_name": "微软雅黑", "font_size": 10, "num_format": "@", "valign": "vcenter"}
STYLES: dict[str, dict[str, Any]] = {
    "text": {},
    "key": {"font_color": "#A6A6A6", "font_size": 8},
    "header": {"bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "text_wrap": True, "align": "center", "border": 1},
    "title": {"bold": True, "font_size": 18, "font_color": "#1F4E79"},
    "lead": {"font_color": "#595959", "text_wrap": True},
    "section": {"bold": True, "font_size": 12, "font_color": "#1F4E79", "bottom": 2, "bottom_color": "#1F4E79"},
    "head": {"bold": True, "bg_color": "#DDEBF7", "border": 1, "border_color": "#BFBFBF", "text_wrap": True},
    "row": {"border": 1, "border_color": "#BFBFBF", "text_wrap": True},
    "task": {"border": 1, "border_color": "#BFBFBF", "bold": True, "bg_color": "#FFF2CC", "text_wrap": True},
    "note": {"text_wrap": True},
}
ROW_HEIGHTS = {"title": 34, "section": 24, "head": 20}
Cells = Sequence[Sequence[str | None]]
Style = Literal["title", "lead", "section", "head", "row", "task", "note"]


@dataclass(frozen=True)
class Sheet:
    """A sheet with a list: its name, its headers and its columns of text (None is an empty cell).

    The first `keys` columns identify the row and stay visible while scrolling. `colours` gives the background of a row by the text of its
    first cell.
    """

    name: str
    headers: tuple[str, ...]
    columns: Cells
    keys: int = 1
    colours: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A line of a cover, one text per column; the last text spans the remaining columns."""

    style: Style
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Cover:
    """The first page of a workbook, before the lists."""

    name: str
    lines: tuple[Line, ...]


def write_workbook(sheets: Sequence[Sheet], cover: Cover | None = None) -> bytes:
    """Return the bytes of a workbook.

    Raises:
        QualityError: a cell or a sheet is larger than the format allows.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": CREATED})
    styles = {name: book.add_format({**FONT, **style}) for name, style in STYLES.items()}
    if cover is not None:
        _write_cover(book.add_worksheet(cover.name), cover, styles)
    for sheet in sheets:
        refused = _write_list(book, book.add_worksheet(sheet.name), sheet, styles)
        if refused:
            raise QualityError(
                f"sheet {sheet.name}: {refused} cells do not fit into a workbook ({MOST_UNITS:,} characters, 1,048,576 rows)."
            )
    book.close()
    return buffer.getvalue()


def open_workbook(content: bytes) -> CalamineWorkbook:
    """Open a workbook for reading; a sheet is decoded only when it is used."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def read_sheet(content: bytes | CalamineWorkbook, name: str) -> list[list[str | None]]:
    """Return the rows of a sheet without its header, with the original texts (see `text.cells.harmless`)."""
    book = open_workbook(content) if isinstance(content, bytes) else content
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return [[original(str(cell)) if cell != "" else None for cell in row] for row in rows[1:]]


def _write_list(book: xlsxwriter.Workbook, page: Any, sheet: Sheet, styles: Mapping[str, Any]) -> int:
    """Write a list with filter, colours and print layout, and return how many cells the format refused."""
    last_row, last_column = max((len(cells) for cells in sheet.columns), default=0), len(sheet.headers) - 1
    widths = [
        KEY_WIDTH if number == sheet.keys - 1 else _width(header, cells)
        for number, (header, cells) in enumerate(zip(sheet.headers, sheet.columns, strict=True))
    ]
    for number, width in enumerate(widths):
        page.set_column(number, number, width, styles["key" if number == sheet.keys - 1 else "text"])
    page.set_row(0, 30)
    for number, header in enumerate(sheet.headers):
        page.write_string(0, number, header, styles["header"])
    refused = sum(_write_column(page, number, cells) for number, cells in enumerate(sheet.columns))
    page.freeze_panes(1, sheet.keys + 1)
    page.autofilter(0, 0, last_row, last_column)
    for text, colour in sheet.colours.items():
        rule = {"type": "formula", "criteria": f'=$A2="{text}"', "format": book.add_format({"bg_color": colour})}
        page.conditional_format(1, 0, last_row, last_column, rule)
    if not sheet.colours:
        band = {"type": "formula", "criteria": "=MOD(ROW(),2)=1", "format": book.add_format({"bg_color": "#F2F7FC"})}
        page.conditional_format(1, 0, last_row, last_column, band)
    page.repeat_rows(0)
    is_wide = sum(widths) > PAGE_WIDTH
    if is_wide:
        page.repeat_columns(0, sheet.keys)
    _set_up_print(page, 2 if is_wide else 1)
    return refused


def _write_cover(page: Any, cover: Cover, styles: Mapping[str, Any]) -> None:
    page.hide_gridlines(2)
    for number, width in enumerate(COVER_WIDTHS):
        page.set_column(number, number, width, styles["text"])
    last = len(COVER_WIDTHS) - 1
    for row, line in enumerate(cover.lines):
        cells = line.cells
        final, style = len(cells) - 1, styles[line.style]
        for number, cell in enumerate(cells[:final]):
            page.write_string(row, number, harmless(cell), style)
        if final < last:
            page.merge_range(row, final, row, last, harmless(cells[final]), style)
        else:
            page.write_string(row, final, harmless(cells[final]), style)
        widths = [*COVER_WIDTHS[:final], sum(COVER_WIDTHS[final:])]
        lines = max(-(-_display(cell) // (width - 1)) for cell, width in zip(cells, widths, strict=True))
        page.set_row(row, max(ROW_HEIGHTS.get(line.style, 18), 16.5 * lines))
    _set_up_print(page, 1)


def _set_up_print(page: Any, pages_wide: int) -> None:
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(pages_wide, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&L&A&R第 &P 页，共 &N 页")


def _width(header: str, cells: Sequence[str | None]) -> int:
    """Return the width of a column in characters, measured on its first rows; the header needs extra room for the filter button."""
    widest = max((_display(cell) for cell in cells[:MEASURED_ROWS] if cell is not None), default=0)
    return max(NARROWEST, min(WIDEST, max(widest + 2, _display(header) + 4)))


def _display(text: str) -> int:
    """Return the display width of a text in characters: a Chinese character counts as two (it has three bytes in UTF-8)."""
    return (len(text) + len(text.encode())) // 2


def _write_column(page: Any, number: int, cells: Sequence[str | None]) -> int:
    """Write a column and return how many cells the format refused."""
    write = page.write_string
    return sum(write(row, number, harmless(cell)) != 0 for row, cell in enumerate(cells, 1) if cell is not None)
