"""The parts of a workbook, found by their relations: its sheets, and the texts and formats that their cells refer to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import IO, BinaryIO, NamedTuple
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from lakehouse.errors import SourceError
from lakehouse.ingest.readers import xlsx_reasons as reasons
from lakehouse.ingest.readers.records import refusal
from lakehouse.ingest.readers.xlsx_archive import AN_XLSX, Archive, local, open_archive, telling_damage
from lakehouse.ingest.readers.xlsx_formats import NUMBER, Shown, formats

PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
CONTENT_TYPES = "[Content_Types].xml"
MAIN_TYPES = re.compile(r"(spreadsheetml\.(sheet|template)|ms-excel\.(sheet|template|addin)\.macroEnabled)\.main\+xml$")
OTHER_KINDS = {
    "ms-excel.sheet.binary": reasons.BINARY,
    "wordprocessingml": reasons.DOCUMENT,
    "presentationml": reasons.SLIDES,
}


class Relation(NamedTuple):
    """A relation of a part to another one of the file: what it is to it, the id it is called by, and its name."""

    kind: str
    identity: str
    part: str


@dataclass(frozen=True)
class SheetPart:
    """A sheet: its name, whether people see it, and the part that holds it (of kind `worksheet` if it has cells)."""

    name: str
    is_hidden: bool
    kind: str
    part: str


@dataclass(frozen=True)
class Block:
    """A merged block of cells, numbered from one, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


class Package:
    """A workbook whose sizes were checked: its sheets in order, and what its cells refer to."""

    def __init__(self, archive: Archive) -> None:
        """Find the parts of a workbook.

        Raises:
            SourceError: the file is something else.
        """
        self.where = archive.where
        self._archive = archive
        self._main = _main_part(archive)
        relations = list(_relations(archive, self._main))
        self._by_kind = {relation.kind: relation.part for relation in relations}
        self.sheets = tuple(self._sheets({relation.identity: relation for relation in relations}))

    @property
    def has_macros(self) -> bool:
        """Return whether the workbook refers to macros; they are never looked at."""
        return "vbaProject" in self._by_kind

    def sheet(self, name: str) -> SheetPart:
        """Return a sheet with cells by its exact name.

        Raises:
            SourceError: there is no such sheet; the message does not quote the names of the others, they may hold data.
        """
        found = next((sheet for sheet in self.sheets if sheet.name == name), None)
        if found is None:
            raise refusal(self.where, reasons.no_sheet(name, len(self.sheets)), name, reasons.RENAME_SHEET)
        if found.kind not in ("worksheet", ""):
            raise refusal(f"{self.where}: sheet {name}", reasons.NO_CELLS, "a sheet with cells", reasons.SAVE_AGAIN)
        if found.part not in self._archive:
            raise self._missing(reasons.cells_of(name))
        return found

    def elements(self, sheet: SheetPart, tag: str) -> Iterator[Element]:
        """Yield the complete elements of a sheet with a given tag."""
        return self._archive.elements(sheet.part, tag)

    def open(self, sheet: SheetPart) -> IO[bytes]:
        """Return the bytes of a sheet's part."""
        return self._archive.open(sheet.part)

    def merged_blocks(self, sheet: SheetPart) -> list[Block]:
        """Return the merged blocks of a sheet.

        Raises:
            SourceError: the range of a block cannot be read, so it is unknown which cells it hides.
        """
        try:
            return [_block(element.get("ref", "")) for element in self.elements(sheet, "mergeCell")]
        except NoPlaceError:
            where = f"{self.where}: sheet {sheet.name}"
            raise refusal(where, reasons.ODD_MERGING, "a range such as A1:B2", reasons.SAVE_AGAIN) from None

    def strings(self) -> list[str]:
        """Return the texts that cells refer to by number.

        Raises:
            SourceError: they are missing in the file.
        """
        part = self._part("sharedStrings", reasons.TEXTS)
        return [text_of(element) for element in self._archive.elements(part, "si")] if part else []

    def formats(self) -> list[Shown]:
        """Return what the format of each cell style shows, by the number of the style.

        Raises:
            SourceError: the styles are missing in the file.
        """
        part = self._part("styles", reasons.STYLES)
        if not part:
            return []
        declared = {one.get("numFmtId", ""): one.get("formatCode", "") for one in self._archive.elements(part, "numFmt")}
        shown, found = formats(declared), list[Shown]()
        for element in self._archive.elements(part, "cellXfs"):
            found = [shown.get(one.get("numFmtId", "0"), NUMBER) for one in element if local(one.tag) == "xf"]
        return found

    def counts_from_1904(self) -> bool:
        """Return whether the serial numbers of dates count from 1904 (workbooks of old Macintoshes) instead of 1900."""
        return any(element.get("date1904") in ("1", "true") for element in self._archive.elements(self._main, "workbookPr"))

    def _sheets(self, relations: dict[str, Relation]) -> Iterator[SheetPart]:
        nowhere = Relation("", "", "")
        for element in self._archive.elements(self._main, "sheet"):
            identity = next((value for name, value in element.items() if local(name) == "id"), "")
            relation = relations.get(identity, nowhere)
            yield SheetPart(element.get("name", ""), element.get("state", "visible") != "visible", relation.kind, relation.part)

    def _part(self, kind: str, what: tuple[str, str]) -> str:
        """Return the part of a kind, empty where the workbook refers to none."""
        part = self._by_kind.get(kind, "")
        if part and part not in self._archive:
            raise self._missing(what)
        return part

    def _missing(self, what: tuple[str, str]) -> SourceError:
        return refusal(self.where, reasons.missing(what), AN_XLSX, reasons.SAVE_AGAIN)


class NoPlaceError(ValueError):
    """A text is no reference of a cell."""


def open_package(stream: BinaryIO, where: str) -> Package:
    """Return the package of a delivered workbook after checking its sizes.

    Raises:
        SourceError: it is no workbook, or not one that can be parsed safely.
    """
    archive = open_archive(stream, where)
    with telling_damage(where):
        return Package(archive)


def text_of(element: Element) -> str:
    """Return the text of a string element: its runs joined, formatting and reading aids (拼音) left out, `_x000A_` written out."""
    if len(element) == 1 and local(element[0].tag) == "t":
        return written_out(element[0].text or "")
    runs = [element, *(child for child in element if local(child.tag) == "r")]
    return written_out("".join(child.text or "" for run in runs for child in run if local(child.tag) == "t"))


def written_out(text: str) -> str:
    """Return a text with every `_xHHHH_` replaced by the character it stands for."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def place_of(reference: str) -> tuple[int, int]:
    """Return row and column of a cell's reference, counted from one.

    Raises:
        NoPlaceError: it is none.
    """
    found = PLACE.fullmatch(reference)
    if found is None:
        raise NoPlaceError
    return int(found[2]), column_of(found[1])


@cache
def column_of(letters: str) -> int:
    """Return the number of a column from its letters (A is 1)."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def letters_of(column: int) -> str:
    """Return the letters of a column from its number."""
    rest, last = divmod(column - 1, 26)
    return (letters_of(rest) if rest else "") + chr(ord("A") + last)


def _block(reference: str) -> Block:
    first, _, last = reference.partition(":")
    ends = place_of(first), place_of(last or first)
    (top, bottom), (left, right) = (sorted(end) for end in zip(*ends, strict=True))
    return Block(top, left, bottom, right)


def _relations(archive: Archive, source: str) -> Iterator[Relation]:
    """Yield the relations of a part (of the whole file where `source` is empty); links to outside of the file are left out."""
    folder, name = posixpath.split(source)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    for element in archive.elements(listed, "Relationship") if listed in archive else ():
        if element.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, unquote(element.get("Target", "")).replace("\\", "/")))
            yield Relation(element.get("Type", "").rpartition("/")[2], element.get("Id", ""), target.lstrip("/"))


def _main_part(archive: Archive) -> str:
    """Return the part of the workbook itself: the one the file refers to, else the one whose content type says so."""
    types = _content_types(archive)
    typed = next((part for part, kind in types.items() if MAIN_TYPES.search(kind)), "")
    part = next((relation.part for relation in _relations(archive, "") if relation.kind == "officeDocument"), typed)
    kind = next((text for mark, text in OTHER_KINDS.items() if mark in types.get(part.lower(), "")), None)
    if kind is None and part in archive and archive.root_of(part) == "workbook":
        return part
    if kind is None and "mimetype" in archive:
        kind = reasons.OPEN_DOCUMENT
    raise refusal(archive.where, reasons.another_kind(kind) if kind else reasons.NO_WORKBOOK, AN_XLSX, reasons.SAVE_AS)


def _content_types(archive: Archive) -> dict[str, str]:
    """Return the parts whose content type is stated one by one, in lower case, with that type."""
    listed = archive.elements(CONTENT_TYPES, "Override") if CONTENT_TYPES in archive else ()
    return {element.get("PartName", "").lstrip("/").lower(): element.get("ContentType", "") for element in listed}
