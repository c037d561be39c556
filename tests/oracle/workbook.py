"""Read a sheet from the XML of its workbook alone: the second reader of workbooks, for files on which the library gives up.

It asks no more of a file than the cells need. What it returns looks to the oracle like a sheet of the library.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor
from types import SimpleNamespace
from urllib.parse import unquote
from xml.dom import minidom

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils import range_boundaries
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel
from openpyxl.utils.exceptions import CellCoordinatesException

CHINESE = (
    dict.fromkeys((27, 36, 50, 52, 57), 'yyyy"年"m"月"')
    | dict.fromkeys((28, 29, 51, 53, 54, 58), 'm"月"d"日"')
    | {30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"'}
    | dict.fromkeys((32, 33, 34, 35, 55, 56), 'h"时"mm"分"')
)
LAST = datetime(9999, 12, 31, 23, 59, 59, 499_999)  # noqa: DTZ001 - what is later rounds up to no date


@dataclass
class Cell:
    """A cell as the library describes one."""

    row: int
    column: int
    value: object = None
    data_type: str = "n"
    number_format: str = "General"
    parent: object = None


class MergedCell(Cell):
    """A cell of a merged block that is not its first."""


@dataclass
class XmlSheet:
    """A sheet as the library describes one."""

    parent: object
    _cells: dict = field(default_factory=dict)
    merged_cells: object = None

    @property
    def max_column(self) -> int:
        """Return the last column that has a cell."""
        return max((column for _, column in self._cells), default=0)

    def cell(self, row: int, column: int) -> Cell:
        """Return a cell, an empty one where nothing was written."""
        return self._cells.get((row, column), Cell(row, column))


def sheet_of(content: bytes, name: str) -> XmlSheet:
    """Return a sheet of a workbook by its name; whatever is wrong with the file is an error of some kind."""
    parts = Parts(content)
    book, relations = parts.xml(parts.main), parts.relations(parts.main)
    found = next(sheet for sheet in named(book, "sheet") if sheet.getAttribute("name") == name)
    part = next(
        target
        for kind, identity, target in relations
        if identity in [value for key, value in found.attributes.items() if key.endswith(":id")]
    )
    by_kind = {kind: target for kind, _, target in relations}
    texts = [string_of(item) for item in named(parts.xml(by_kind["sharedStrings"]), "si")] if "sharedStrings" in by_kind else []
    formats = formats_of(parts.xml(by_kind["styles"])) if "styles" in by_kind else []
    epoch = MAC_EPOCH if any(one.getAttribute("date1904") in ("1", "true") for one in named(book, "workbookPr")) else WINDOWS_EPOCH
    sheet, document = XmlSheet(SimpleNamespace(epoch=epoch)), parts.xml(part)
    row = 0
    for element in named(document, "row"):
        row = int(element.getAttribute("r") or row + 1)
        column = 0
        for child in (child for child in element.childNodes if local(child) == "c"):
            cell = Cell(row, column + 1, parent=sheet)
            try:
                cell.column = column_of(child.getAttribute("r"), row) or column + 1
                fill(cell, child, texts, formats, epoch)
                assert cell.value is None or sheet.cell(row, cell.column).value is None, "two cells in one place"
            except (ValueError, LookupError, AssertionError, OverflowError, CellCoordinatesException):
                cell.data_type, cell.value = "e", "#?"  # whatever is wrong with a cell costs its row
            column = cell.column
            if cell.value is not None:
                sheet._cells[row, column] = cell
    merge(sheet, [element.getAttribute("ref") for element in named(document, "mergeCell")])
    return sheet


class Parts:
    """The parts of the file by their names in small letters."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self._parts = {name.replace("\\", "/").lstrip("/").lower(): archive.read(name) for name in archive.namelist()}
        roots = [target for kind, _, target in self.relations("") if kind == "officeDocument"] if "_rels/.rels" in self._parts else []
        self.main = roots[0] if roots else self._declared_main()

    def xml(self, name: str) -> minidom.Document:
        """Return a part as a tree."""
        return minidom.parseString(self._parts[name.lower()])

    def relations(self, of: str) -> list[tuple[str, str, str]]:
        """Return kind, identity and target of the relations of a part."""
        folder, name = posixpath.split(of)
        return [
            (
                one.getAttribute("Type").rpartition("/")[2],
                one.getAttribute("Id"),
                posixpath.normpath(posixpath.join(f"/{folder}", unquote(one.getAttribute("Target")))).lstrip("/"),
            )
            for one in named(self.xml(posixpath.join(folder, "_rels", f"{name}.rels")), "Relationship")
        ]

    def _declared_main(self) -> str:
        types = named(self.xml("[content_types].xml"), "Override")
        return next(one.getAttribute("PartName").lstrip("/") for one in types if "sheet.main+xml" in one.getAttribute("ContentType"))


def fill(cell: Cell, element: minidom.Element, texts: list[str], formats: list[str], epoch: datetime) -> None:
    """Give a cell what its element holds, in the types of the library."""
    inner: dict[str, minidom.Element] = {}
    for child in element.childNodes:
        if local(child) in ("v", "f", "is"):
            assert local(child) not in inner, "two values in one cell"
            inner[local(child)] = child
    written = text_in(inner["v"]) if "v" in inner else ""
    style = element.getAttribute("s") or "0"
    cell.number_format = formats[int(style)] if re.fullmatch("[0-9]{1,9}", style) and int(style) < len(formats) else "General"
    kind = element.getAttribute("t") or "n"
    if "f" in inner:
        cell.data_type, cell.value = "f", f"={text_in(inner['f'])}"
    elif kind == "inlineStr" and "is" in inner:
        cell.data_type, cell.value = "s", string_of(inner["is"]) or None
    elif written:
        cell.data_type, cell.value = typed(kind, written, texts, cell.number_format, epoch)
    str(cell.value).encode()  # half a character costs its row


def typed(kind: str, written: str, texts: list[str], shown: str, epoch: datetime) -> tuple[str, object]:
    """Return data type and value of what is written in a cell."""
    if kind == "s":
        return "s", texts[int(written)] or None
    if kind == "b":
        return "b", {"1": True, "true": True, "0": False, "false": False}[written.strip()]
    if kind in ("str", "inlineStr"):
        return "s", spelled_out(written)
    if kind == "d":
        return iso(written.strip())
    return number_of(written, shown, epoch) if kind == "n" else ("e", written)


def number_of(written: str, shown: str, epoch: datetime) -> tuple[str, object]:
    """Return data type and value of a number, a moment where its format shows one."""
    number = int(written) if re.fullmatch(r"\s*-?[0-9]+\s*", written) else float(written)
    if not is_date_format(shown):
        return "n", number
    return ("n", number) if is_timedelta_format(shown) else moment(number, shown, epoch)


def moment(number: float, shown: str, epoch: datetime) -> tuple[str, object]:
    """Return data type and value of a serial number shown as a date, rounded to the second; outside the calendar it stays a number."""
    rounded = floor(number * 86_400 + 0.5) / 86_400
    is_clock = not set(re.sub(r'"[^"]*"', "", shown.lower())) & set("yd")
    if number < 1 and (is_clock or rounded < 1):
        return ("d", from_excel(number, epoch)) if number >= 0 else ("n", number)
    is_no_day = epoch == WINDOWS_EPOCH and int(rounded) == 60  # 1900-02-29
    try:
        return ("n", number) if is_no_day or number < 0 else ("d", from_excel(rounded, epoch) + timedelta(0))
    except (ValueError, OverflowError):
        return "n", number


def iso(written: str) -> tuple[str, object]:
    """Return data type and value of a text of ISO 8601; what is no local moment stays a text."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+)?", written):
            at = datetime.fromisoformat(written)
            return ("d", at) if at <= LAST else ("s", written)
        if re.fullmatch(r"T?[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?", written):
            return "d", datetime.fromisoformat(f"2000-01-01 {written.removeprefix('T')}").time()
    except ValueError:
        pass
    return "s", written


def formats_of(styles: minidom.Document) -> list[str]:
    """Return the format of every style of cells."""
    codes = {str(number): code for number, code in (BUILTIN_FORMATS | CHINESE).items()}
    codes |= {one.getAttribute("numFmtId"): one.getAttribute("formatCode") for one in named(styles, "numFmt")}
    kinds = [one for group in named(styles, "cellXfs")[-1:] for one in group.childNodes if local(one) == "xf"]
    return [codes.get(one.getAttribute("numFmtId") or "0", "General") for one in kinds]


def merge(sheet: XmlSheet, references: list[str]) -> None:
    """Note merged blocks; cells after their first are of another class."""
    blocks = []
    for reference in references:
        left, top, right, bottom = range_boundaries(reference)
        blocks.append(SimpleNamespace(min_row=top, max_row=bottom, min_col=left, max_col=right))
    sheet.merged_cells = SimpleNamespace(ranges=blocks)
    for place in list(sheet._cells):
        for block in blocks:
            is_in = block.min_row <= place[0] <= block.max_row and block.min_col <= place[1] <= block.max_col
            if is_in and place != (block.min_row, block.min_col):
                sheet._cells[place] = MergedCell(*place)


def column_of(reference: str, row: int) -> int:
    """Return the column of a reference, 0 where there is none."""
    if not reference:
        return 0
    letters, number = coordinate_from_string(reference)
    assert number == row, "a cell of another row"
    return column_index_from_string(letters)


def string_of(item: minidom.Element) -> str:
    """Return the text of a shared or inline string, without aids for reading."""
    runs = [item, *(child for child in item.childNodes if local(child) == "r")]
    return spelled_out("".join(text_in(child) for run in runs for child in run.childNodes if local(child) == "t"))


def spelled_out(text: str) -> str:
    """Return a text with its escaped characters."""
    found = re.sub("_x([0-9A-Fa-f]{4})_", lambda one: chr(int(one[1], 16)), text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # joins halves; a lone one stays one


def text_in(element: minidom.Element) -> str:
    """Return the characters directly in an element."""
    return "".join(child.data for child in element.childNodes if child.nodeType in (child.TEXT_NODE, child.CDATA_SECTION_NODE))


def named(tree: minidom.Node, name: str) -> list[minidom.Element]:
    """Return all elements of a name, whatever their namespace."""
    return tree.getElementsByTagNameNS("*", name)


def local(node: minidom.Node) -> str:
    """Return the name of an element without its namespace."""
    return node.localName or ""
