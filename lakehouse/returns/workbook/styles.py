"""How workbooks look: fonts, colours, formats of values, and measures of text and paper."""

from __future__ import annotations

from typing import Any

from lakehouse.returns.workbook.pages import Kind

FONT: dict[str, Any] = {"font_name": "微软雅黑", "font_size": 10, "valign": "vcenter"}
TEXT = "@"
FORMATS: dict[Kind, str] = {"text": TEXT, "date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm", "integer": "0", "number": "#,##0.00"}
BLUE, GREY, PALE = "#1F4E79", "#BFBFBF", "#FFFDE7"
BAND = "#F2F7FC"
FRAME = {"border": 1, "border_color": GREY}
STYLES: dict[str, dict[str, Any]] = {
    "header": {"bold": True, "bg_color": BLUE, "font_color": "#FFFFFF", "text_wrap": True, "align": "center", "border": 1},
    "writing": {**FRAME, "bg_color": PALE, "text_wrap": True, "num_format": TEXT, "locked": False},
    "title": {"bold": True, "font_size": 18, "font_color": BLUE},
    "lead": {"font_color": "#595959", "text_wrap": True},
    "section": {"bold": True, "font_size": 12, "font_color": BLUE, "bottom": 2, "bottom_color": BLUE},
    "head": {**FRAME, "bold": True, "bg_color": "#DDEBF7", "text_wrap": True},
    "row": {**FRAME, "text_wrap": True},
    "fill": {**FRAME, "text_wrap": True},
    "task": {**FRAME, "bold": True, "bg_color": "#FFF2CC", "text_wrap": True},
    "note": {"text_wrap": True},
}
LINE_HEIGHT = 16.5  # points
A4 = 9
PIXELS_PER_INCH = 96
PRINTABLE = (11.69 - 0.8) * PIXELS_PER_INCH  # of A4 in landscape between the margins
MARGINS = {"left": 0.4, "right": 0.4, "top": 0.7, "bottom": 0.7}


def set_up_page(page: Any, heading: str) -> None:
    """Set paper and margins, and print a heading, the date and the number of the page above every page."""
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(**MARGINS)
    page.set_header(f"&L{heading.replace('&', '&&')}&C打印日期 &D&R第 &P 页，共 &N 页")


def display_width(text: str) -> int:
    """Return the width of a text in characters: a Chinese character counts as two (it has three bytes in UTF-8)."""
    return (len(text) + len(text.encode())) // 2


def lines_of(text: str, width: int) -> int:
    """Return how many lines a text takes in a column of a width in characters."""
    return sum(-(-max(display_width(part), 1) // max(width - 1, 1)) for part in text.split("\n"))


def pixels(width: float) -> float:
    """Return how wide a column of so many characters is on the screen."""
    return width * 7 + 5
