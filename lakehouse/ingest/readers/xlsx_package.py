"""The parts of a workbook whose sizes were checked: its sheets, and the texts and styles that their cells refer to."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element, fromstring, iterparse

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

from lakehouse.ingest.readers.records import refusal
from lakehouse.ingest.readers.xlsx_archive import WORKBOOK, measured, telling_damage

SMALL_PART_BYTES = 8 * 1024 * 1024
PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
CHINESE_DATES = {str(number) for number in (*range(27, 37), *range(50, 59))}  # formats built into Chinese versions of the program


@dataclass(frozen=True)
class SheetPart:
    """A sheet: its name, whether people see it, and the part that holds its cells."""

    name: str
    is_hidden: bool
    path: str


@dataclass(frozen=True)
class Block:
    """A merged block of cells, numbered from one, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


class Package:
    """A workbook whose sizes were checked: its sheets in order, and what its cells refer to."""

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self._parts = {kind: path for kind, _, path in self._relations()}
        self.sheets = tuple(self._sheets())

    def sheet(self, name: str) -> SheetPart:
        """Return a sheet by its exact name.

        Raises:
            SourceError: there is no such sheet; the message does not quote the names of the others, they may hold data.
        """
        found = next((sheet for sheet in self.sheets if sheet.name == name), None)
        if found is None:
            text = f"there is no sheet {name} among the {len(self.sheets)} sheets."
            raise refusal(self.where, text, name, "name the sheet exactly so and send the file again.")
        return found

    def elements(self, path: str, name: str) -> Iterator[Element]:
        """Yield the complete elements of a part with a given name; in a large part each one's memory is freed after its turn."""
        if self._archive.getinfo(path).file_size <= SMALL_PART_BYTES:
            root = fromstring(self._archive.read(path))  # noqa: S314 - `measured` refuses parts with entities of their own
            yield from root.iter(f"{root.tag.rpartition('}')[0]}}}{name}")
            return
        with self._archive.open(path) as part:
            for _, element in iterparse(part):  # noqa: S314
                if local(element.tag) == name:
                    yield element
                    element.clear()

    def open(self, sheet: SheetPart) -> IO[bytes]:
        """Return the bytes of a sheet's part."""
        return self._archive.open(sheet.path)

    def merged_blocks(self, sheet: SheetPart) -> list[Block]:
        """Return the merged blocks of a sheet."""
        return [_block(element.get("ref", "")) for element in self.elements(sheet.path, "mergeCell")]

    def strings(self) -> list[str]:
        """Return the texts that cells refer to by number."""
        path = self._parts.get("sharedStrings")
        return [text_of(element) for element in self.elements(path, "si")] if path else []

    def date_styles(self) -> frozenset[str]:
        """Return the numbers of the cell styles that show a number as a date or a time of day."""
        dates, styles = set(CHINESE_DATES), list[str]()
        dates |= {str(number) for number, code in BUILTIN_FORMATS.items() if _is_date(code)}
        path = self._parts.get("styles")
        for element in self.elements(path, "numFmts") if path else ():
            dates |= {one.get("numFmtId", "") for one in element if _is_date(one.get("formatCode", ""))}
        for element in self.elements(path, "cellXfs") if path else ():
            styles = [one.get("numFmtId", "") for one in element]
        return frozenset(str(number) for number, form in enumerate(styles) if form in dates)

    def counts_from_1904(self) -> bool:
        """Return whether the serial numbers of dates count from 1904 (workbooks of old Macintoshes) instead of 1900."""
        return any(element.get("date1904") in ("1", "true") for element in self.elements(WORKBOOK, "workbookPr"))

    def _sheets(self) -> Iterator[SheetPart]:
        targets = {identity: path for _, identity, path in self._relations()}
        for element in self.elements(WORKBOOK, "sheet"):
            identity = next((value for name, value in element.items() if local(name) == "id"), "")
            yield SheetPart(element.get("name", ""), element.get("state", "visible") != "visible", targets[identity])

    def _relations(self) -> Iterator[tuple[str, str, str]]:
        """Yield kind, id and path of the parts the workbook consists of; links to outside of the file are left out."""
        for element in self.elements("xl/_rels/workbook.xml.rels", "Relationship"):
            if element.get("TargetMode") != "External":
                path = posixpath.normpath(posixpath.join("/xl", element.get("Target", ""))).lstrip("/")
                if not path.endswith(".xml"):
                    raise KeyError(path)
                yield element.get("Type", "").rpartition("/")[2], element.get("Id", ""), path


def local(name: str) -> str:
    """Return an XML name without its namespace, of which there are two (ISO strict and transitional)."""
    return name[name.rfind("}") + 1 :]


def text_of(element: Element) -> str:
    """Return the text of a string element: its runs joined, formatting and reading aids (拼音) left out, `_x000A_` written out."""
    if len(element) == 1 and local(element[0].tag) == "t":
        return written_out(element[0].text or "")
    runs = [element, *(child for child in element if local(child.tag) == "r")]
    return written_out("".join(child.text or "" for run in runs for child in run if local(child.tag) == "t"))


def written_out(text: str) -> str:
    """Return a text with every `_xHHHH_` replaced by the character it stands for."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def open_package(stream: BinaryIO, where: str) -> Package:
    """Return the package of a delivered workbook after checking its sizes.

    Raises:
        SourceError: it is no workbook, or not one that can be parsed safely.
    """
    content = measured(stream, where)
    with telling_damage(where):
        return Package(content, where)


def _is_date(code: str) -> bool:
    return bool(is_date_format(code)) and not is_timedelta_format(code)


def _block(reference: str) -> Block:
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = place_of(first), place_of(last or first)
    return Block(top, left, bottom, right)


def place_of(reference: str) -> tuple[int, int]:
    """Return row and column of a cell's reference, counted from one."""
    found = PLACE.fullmatch(reference)
    if found is None:
        raise ValueError("no cell")
    return int(found[2]), column_of(found[1])


@cache
def column_of(letters: str) -> int:
    """Return the number of a column from its letters (A is 1)."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
