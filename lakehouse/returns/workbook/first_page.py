"""Draw the first page (cover) of a workbook: it is printed on one page, and open where people are to fill it in."""

from __future__ import annotations

from typing import Any

import xlsxwriter

from lakehouse.returns.workbook import styles
from lakehouse.returns.workbook.pages import Cover, Line
from lakehouse.text.cells import harmless

WIDTHS = (22, 16, 14, 12, 12, 56)  # in characters
HEIGHTS = {"title": 34, "section": 24, "head": 20}
DONE = "是"
SINCE = "内容自 {}（此日以来本文件的内容没有变化）"


def draw_cover(book: xlsxwriter.Workbook, page: Any, cover: Cover) -> None:
    """Write the first page of a workbook."""
    look = {name: book.add_format({**styles.FONT, "num_format": styles.TEXT, **style}) for name, style in styles.STYLES.items()}
    page.hide_gridlines(2)
    for number, width in enumerate(WIDTHS):
        page.set_column(number, number, width)
    for row, line in enumerate(_lines(cover)):
        _draw_line(page, row, line, look)
    page.protect("", {"format_columns": True, "format_rows": True})
    styles.set_up_page(page, cover.lines[0].cells[0])
    page.fit_to_pages(1, 1)


def _lines(cover: Cover) -> list[Line]:
    """Return the lines of a cover, with the date of the content below the title."""
    dated = [Line("lead", (SINCE.format(cover.since.isoformat()),))] if cover.since else []
    return [*cover.lines[:1], *dated, *cover.lines[1:]]


def _draw_line(page: Any, row: int, line: Line, look: dict[str, Any]) -> None:
    cells, last = line.cells, len(WIDTHS) - 1
    final = len(cells) - 1
    for number, cell in enumerate(cells[:final]):
        is_open = line.style == "fill" and number == 1
        if is_open:
            page.write_blank(row, number, None, look["writing"])
            page.data_validation(row, number, row, number, {"validate": "list", "source": [DONE]})
        else:
            page.write_string(row, number, harmless(cell), look[line.style])
    if final < last:
        page.merge_range(row, final, row, last, harmless(cells[final]), look[line.style])
    else:
        page.write_string(row, final, harmless(cells[final]), look[line.style])
    widths = [*WIDTHS[:final], sum(WIDTHS[final:])]
    lines = max(styles.lines_of(cell, width) for cell, width in zip(cells, widths, strict=True))
    page.set_row(row, max(HEIGHTS.get(line.style, 18), styles.LINE_HEIGHT * lines))
