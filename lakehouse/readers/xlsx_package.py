"""Returns the parts of a workbook's file after it was measured: nothing is parsed before all of it is known to stay within bounds."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError, fromstring, iterparse

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

from lakehouse.errors import SourceError
from lakehouse.readers.records import refusal

MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_PART_BYTES = 256 * 1024 * 1024
MAX_INFLATED_BYTES = 512 * 1024 * 1024
SMALL_PART_BYTES = 8 * 1024 * 1024
MAX_RATIO = 200  # a part of a real workbook shrinks to a twentieth, seldom to a hundredth
RATIO_COUNTS_FROM = 4 * 1024 * 1024
MAX_PARTS = 2_000
CHUNK = 1024 * 1024
OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an encrypted workbook or one of the old format
WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # UTF-16, in which the next pattern would see nothing
DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Z]{0,3})([0-9]{1,7})[\"']")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
CHINESE_DATES = {str(number) for number in (*range(27, 37), *range(50, 59))}  # built in where the program speaks Chinese
WORKBOOK = "xl/workbook.xml"
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError)


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
    """A measured file: its sheets in order, and what its cells refer to."""

    def __init__(self, content: bytes, where: str) -> None:
        self.content, self.where = content, where
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self._parts = {kind: path for kind, _, path in self._relations()}
        self.sheets = tuple(self._sheets())

    def sheet(self, name: str) -> SheetPart:
        """Returns a sheet by its exact name.

        Raises:
            SourceError: there is none; what the others are called is not told, it may be anything.
        """
        found = next((sheet for sheet in self.sheets if sheet.name == name), None)
        if found is None:
            text = f"there is no sheet {name} among the {len(self.sheets)} sheets."
            raise refusal(self.where, text, name, "name the sheet exactly so and send the file again.")
        return found

    def elements(self, path: str, name: str) -> Iterator[Element]:
        """Yields the elements of a part that have a name, whole, one after the other; in a large part each is let go after its turn."""
        if self._archive.getinfo(path).file_size <= SMALL_PART_BYTES:
            root = fromstring(self._archive.read(path))  # noqa: S314 - no part with entities of its own comes so far
            yield from root.iter(f"{root.tag.rpartition('}')[0]}}}{name}")
            return
        with self._archive.open(path) as part:
            for _, element in iterparse(part):  # noqa: S314
                if local(element.tag) == name:
                    yield element
                    element.clear()

    def extent(self, sheet: SheetPart) -> tuple[int, int]:
        """Returns the highest row and column that any reference in a sheet's part names, without parsing it."""
        row = column = 0
        with self._archive.open(sheet.path) as part:
            tail = b""
            while chunk := part.read(CHUNK):
                for letters, digits in set(REFERENCE.findall(tail + chunk)):
                    row, column = max(row, int(digits)), max(column, column_of(letters.decode()))
                tail = chunk[-64:]
        return row, column

    def merged_blocks(self, sheet: SheetPart) -> list[Block]:
        """Returns the merged blocks of a sheet."""
        return [_block(element.get("ref", "")) for element in self.elements(sheet.path, "mergeCell")]

    def strings(self) -> list[str]:
        """Returns the texts that cells refer to by number."""
        path = self._parts.get("sharedStrings")
        return [text_of(element) for element in self.elements(path, "si")] if path else []

    def date_styles(self) -> frozenset[str]:
        """Returns the numbers of the cell styles that show a number as a date or a time of day."""
        dates, styles = set(CHINESE_DATES), list[str]()
        dates |= {str(number) for number, code in BUILTIN_FORMATS.items() if _is_date(code)}
        path = self._parts.get("styles")
        for element in self.elements(path, "numFmts") if path else ():
            dates |= {one.get("numFmtId", "") for one in element if _is_date(one.get("formatCode", ""))}
        for element in self.elements(path, "cellXfs") if path else ():
            styles = [one.get("numFmtId", "") for one in element]
        return frozenset(str(number) for number, form in enumerate(styles) if form in dates)

    def counts_from_1904(self) -> bool:
        """Returns whether the serial numbers of dates count from 1904 (workbooks of old Macintoshes) instead of 1900."""
        return any(element.get("date1904") in ("1", "true") for element in self.elements(WORKBOOK, "workbookPr"))

    def _sheets(self) -> Iterator[SheetPart]:
        targets = {identity: path for _, identity, path in self._relations()}
        for element in self.elements(WORKBOOK, "sheet"):
            identity = next((value for name, value in element.items() if local(name) == "id"), "")
            yield SheetPart(element.get("name", ""), element.get("state", "visible") != "visible", targets[identity])

    def _relations(self) -> Iterator[tuple[str, str, str]]:
        """Yields kind, id and path of the parts the workbook consists of; what lies outside of the file is no part."""
        for element in self.elements("xl/_rels/workbook.xml.rels", "Relationship"):
            if element.get("TargetMode") != "External":
                path = posixpath.normpath(posixpath.join("/xl", element.get("Target", ""))).lstrip("/")
                if not path.endswith(".xml"):
                    raise KeyError(path)
                yield element.get("Type", "").rpartition("/")[2], element.get("Id", ""), path


def local(name: str) -> str:
    """Returns an XML name without its namespace, of which there are two (ISO strict and transitional)."""
    return name[name.rfind("}") + 1 :]


def text_of(element: Element) -> str:
    """Returns the text of a string element: its runs joined, formatting and reading aids (拼音) left out, `_x000A_` written out."""
    if len(element) == 1 and local(element[0].tag) == "t":
        return written_out(element[0].text or "")
    runs = [element, *(child for child in element if local(child.tag) == "r")]
    return written_out("".join(child.text or "" for run in runs for child in run if local(child.tag) == "t"))


def written_out(text: str) -> str:
    """Returns a text with the characters that the format writes as `_xHHHH_`."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def open_package(stream: BinaryIO, where: str) -> Package:
    """Returns the package of a delivered workbook.

    Raises:
        SourceError: it is encrypted, no workbook, damaged, too large, or would swell beyond all bounds.
    """
    content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise refusal(where, "the workbook is too large.", f"{MAX_FILE_BYTES} bytes", "send it in several files.")
    if content.startswith(OLE_MARK):
        found = "the workbook is encrypted, or of the old format (.xls)."
        raise refusal(where, found, "an .xlsx file without a password", "save it as .xlsx without a password and send it again.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _measure(archive, where)
    except DAMAGED as error:
        raise damaged(where, error) from None
    with telling_damage(where):
        return Package(content, where)


@contextmanager
def telling_damage(where: str) -> Iterator[None]:
    """Makes whatever a broken file does to a parser a refusal of the delivery."""
    try:
        yield
    except (*DAMAGED, ParseError, LookupError, ValueError, ArithmeticError) as error:
        raise damaged(where, error) from None


def damaged(where: str, error: Exception) -> SourceError:
    """Returns the refusal of a file that cannot be read; the library's own words may quote its content."""
    found = f"the file cannot be read as a workbook ({type(error).__name__})."
    return refusal(where, found, "an .xlsx file", "open it in the spreadsheet program, save it again and send it.")


def _measure(archive: zipfile.ZipFile, where: str) -> None:
    """Inflates every part once, into nothing, before any parser sees it: what the file says of its own sizes is not believed."""
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > MAX_PARTS or len(set(names)) != len(names):
        raise refusal(where, "the file's list of parts is no workbook's (too many parts, or one name twice).", "", "save it again.")
    if WORKBOOK not in names:
        raise refusal(where, "the file is no workbook: it has no xl/workbook.xml.", "an .xlsx file", "save it as .xlsx and send it again.")
    total = 0
    for part in parts:
        if part.flag_bits & 1:
            raise refusal(where, "the workbook is encrypted.", "an .xlsx file without a password", "save it without a password.")
        total += _inflated(archive, part, where)
        if total > MAX_INFLATED_BYTES:
            raise _bomb(where)


def _inflated(archive: zipfile.ZipFile, part: zipfile.ZipInfo, where: str) -> int:
    size, tail, declared = 0, b"", part.file_size
    part.file_size = MAX_PART_BYTES + 1  # how far the library would inflate
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > MAX_PART_BYTES or (size > RATIO_COUNTS_FROM and size > MAX_RATIO * part.compress_size):
                raise _bomb(where)
            if part.filename.endswith((".xml", ".rels")) and (chunk[:2] in WIDE or DOCTYPE.search(tail + chunk)):
                raise refusal(
                    where,
                    "a part declares entities of its own or is not UTF-8, which no spreadsheet program does.",
                    "",
                    "save it again and send it.",
                )
            tail = chunk[-16:]
    if size != declared:
        raise zipfile.BadZipFile
    part.file_size = declared
    return size


def _bomb(where: str) -> SourceError:
    allowed = f"{MAX_INFLATED_BYTES} bytes inflated, {MAX_RATIO} times the file"
    return refusal(where, "the workbook swells beyond all bounds when it is inflated.", allowed, "send it in several files.")


def _is_date(code: str) -> bool:
    return bool(is_date_format(code)) and not is_timedelta_format(code)


def _block(reference: str) -> Block:
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = place_of(first), place_of(last or first)
    return Block(top, left, bottom, right)


def place_of(reference: str) -> tuple[int, int]:
    """Returns row and column of a cell's reference, counted from one."""
    found = PLACE.fullmatch(reference)
    if found is None:
        raise ValueError("no cell")
    return int(found[2]), column_of(found[1])


@cache
def column_of(letters: str) -> int:
    """Returns the number of a column."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
