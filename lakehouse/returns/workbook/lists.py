"""Draw a list into a sheet: to be read, filtered, sorted, printed and filled in, and not to be changed otherwise.

Spreadsheet programs sort a protected sheet only where all cells of the list are unlocked. So these are, and a rule for their input refuses
what is typed into cells that are no columns for writing; headers, and the sheet's rows and columns, are locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from lakehouse.returns.workbook import styles
from lakehouse.returns.workbook.pages import Column, Kind, Sheet
from lakehouse.returns.workbook.values import to_cell

NARROWEST, WIDEST, WIDEST_WRAPPED, MEASURED_ROWS = 6, 18, 30, 200  # characters, and rows
SPARE, SPARE_ON_TWO = 0.9, 1.45  # fonts differ in width between programs, and on two pages the first columns stand twice
SMALLEST = 50  # percent; a list too wide for one page at this size is printed on two
LONGEST_CHOICES = 255  # characters of all choices together, the most a rule for input takes
ALLOWED = {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True}
SIGNATURE = "&L核实人签名：__________________　　日期：____________"
KEPT = {"error_title": "此格不能修改", "error_message": "这是平台提供的数据。发现有误，请填写右侧的浅黄色各栏。"}
NOT_A_CHOICE = {"error_title": "请从下拉列表中选择", "error_message": "只能选择列表中的一项，或留空。"}
NOT_OPEN = {"error_title": "这一项不能填写应为何值", "error_message": "先选“有误的项”；本单位看不到原值的项，只报有误，不填应为何值。"}


def draw_list(book: xlsxwriter.Workbook, page: Any, sheet: Sheet) -> int:
    """Write a list into a page and return how many cells the format refused."""
    header = book.add_format({**styles.FONT, **styles.STYLES["header"]})
    last_row, last_column = max((len(column.cells) for column in sheet.columns), default=0), len(sheet.columns) - 1
    widths = [_width(column) for column in sheet.columns]
    page.set_row(0, 32)
    refused = 0
    for number, (column, width) in enumerate(zip(sheet.columns, widths, strict=True)):
        style = _format(book, column)
        page.set_column(number, number, width, style, {"hidden": column.is_hidden})
        page.write_string(0, number, column.header, header)
        refused += _write_cells(page, number, column, style)
    _set_heights(page, sheet.columns, widths)
    page.freeze_panes(1, sheet.frozen)
    page.autofilter(0, 0, last_row, last_column)
    _colour(book, page, sheet, last_row)
    _guard(page, sheet.columns, last_row)
    _set_up_print(page, sheet, widths)
    return refused


def _format(book: xlsxwriter.Workbook, column: Column) -> Any:
    if column.writing is not None:
        return book.add_format({**styles.FONT, **styles.STYLES["writing"]})
    look = {"num_format": styles.FORMATS[column.kind], "text_wrap": column.kind == "text", "locked": False}
    return book.add_format({**styles.FONT, **look})


def _write_cells(page: Any, number: int, column: Column, style: Any) -> int:
    """Write the cells of a column and return how many the format refused."""
    if column.writing is not None:
        return sum(page.write_blank(row, number, None, style) != 0 for row in range(1, len(column.cells) + 1))
    write = _writer(page, column.kind)
    return sum(write(row, number, to_cell(text, column.kind), style) != 0 for row, text in enumerate(column.cells, 1) if text is not None)


def _writer(page: Any, kind: Kind) -> Any:
    """Return the function that writes cells of a kind, and texts where a text is no value of the kind."""
    if kind == "text":
        return page.write_string
    write = page.write_number if kind in ("integer", "number") else page.write_datetime
    return lambda row, number, value, style: (page.write_string if isinstance(value, str) else write)(row, number, value, style)


def _set_heights(page: Any, columns: Sequence[Column], widths: Sequence[int]) -> None:
    """Make rows as high as their longest text needs."""
    shown = [(column, width) for column, width in zip(columns, widths, strict=True) if not (column.is_hidden or column.writing)]
    wrapped = [(column.cells, width) for column, width in shown if column.kind == "text"]
    for row, texts in enumerate(zip(*(cells for cells, _ in wrapped), strict=True), 1):
        lines = max(styles.lines_of(text, width) for text, (_, width) in zip((text or "" for text in texts), wrapped, strict=True))
        if lines > 1:
            page.set_row(row, styles.LINE_HEIGHT * lines)


def _colour(book: xlsxwriter.Workbook, page: Any, sheet: Sheet, last_row: int) -> None:
    rules = {f'=$A2="{text}"': colour for text, colour in sheet.colours.items()} or {"=MOD(ROW(),2)=1": styles.BAND}
    to_write = (place for place, column in enumerate(sheet.columns) if column.writing is not None)
    last_column = next(to_write, len(sheet.columns)) - 1  # columns to write into keep their own colour
    for criteria, colour in rules.items():
        rule = {"type": "formula", "criteria": criteria, "format": book.add_format({"bg_color": colour})}
        page.conditional_format(1, 0, last_row, last_column, rule)


def _guard(page: Any, columns: Sequence[Column], last_row: int) -> None:
    """Protect the page and let input through only where people are to write."""
    page.protect("", ALLOWED)
    if not last_row:
        return
    for first, last in _runs([column.writing is None for column in columns]):
        page.data_validation(1, first, last_row, last, {"validate": "custom", "value": "=FALSE", "ignore_blank": False, **KEPT})
    for number, column in enumerate(columns):
        if column.writing is None:
            continue
        rule: dict[str, Any] = {"input_title": column.header, "input_message": column.writing.hint}
        if column.writing.choices and len(",".join(column.writing.choices)) <= LONGEST_CHOICES:
            rule |= {"validate": "list", "source": list(column.writing.choices), **NOT_A_CHOICE}
        elif column.writing.only_with is not None:
            beside = xl_rowcol_to_cell(1, number - 1, col_abs=True)
            named = ",".join(f'{beside}="{text}"' for text in column.writing.only_with)
            rule |= {"validate": "custom", "value": f"=OR({named})", **NOT_OPEN}
        else:
            rule |= {"validate": "any"}
        page.data_validation(1, number, last_row, number, rule)


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the first and last place of each run of flags that are set."""
    starts = [place for place, flag in enumerate(flags) if flag and (place == 0 or not flags[place - 1])]
    ends = [place for place, flag in enumerate(flags) if flag and (place == len(flags) - 1 or not flags[place + 1])]
    return list(zip(starts, ends, strict=True))


def _set_up_print(page: Any, sheet: Sheet, widths: Sequence[int]) -> None:
    """Fit the columns to the paper: by a number of pages, or by a scale where parts of the list begin pages, which fitting ignores."""
    shown = [styles.pixels(width) for column, width in zip(sheet.columns, widths, strict=True) if not column.is_hidden]
    scale = int(100 * styles.PRINTABLE / max(sum(shown), 1))
    styles.set_up_page(page, sheet.heading)
    page.hide_gridlines(0)
    page.repeat_rows(0)
    if scale < SMALLEST:
        page.repeat_columns(0, max(sheet.frozen - 1, 0))
    if sheet.breaks:
        page.set_print_scale(max(10, min(100, int(scale * SPARE if scale >= SMALLEST else scale * SPARE_ON_TWO))))
        page.set_h_pagebreaks([row + 1 for row in sheet.breaks])
    else:
        page.fit_to_pages(1 if scale >= SMALLEST else 2, 0)
    if any(column.writing is not None for column in sheet.columns):
        page.set_footer(SIGNATURE)


def _width(column: Column) -> int:
    """Return the width of a column in characters, measured on its first rows; the header needs extra room for the filter button."""
    if column.writing is not None:
        return column.writing.width
    widest = max((styles.display_width(cell) for cell in column.cells[:MEASURED_ROWS] if cell is not None), default=0)
    header = -(-styles.display_width(column.header) // 2) + 3  # in two lines, beside the button of the filter
    return max(NARROWEST, min(WIDEST_WRAPPED if column.wraps else WIDEST, max(widest + 2, header)))
