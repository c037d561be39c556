"""Open the file of a workbook as a package of parts: sizes are checked before anything is parsed, names have no case.

The file is a zip archive; its parts are named and related by the rules of open packaging (ECMA-376 part 2). No part is parsed before all
are known to be within the limits, and none that declares entities of its own.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element, ParseError, fromstring, iterparse
from xml.parsers.expat import ExpatError

from lakehouse.errors import SourceError
from lakehouse.ingest.readers import xlsx_reasons as reasons
from lakehouse.ingest.readers.records import refusal

MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_PART_BYTES = 256 * 1024 * 1024
MAX_INFLATED_BYTES = 512 * 1024 * 1024
MAX_RATIO = 200  # a part of a real workbook shrinks to a twentieth, seldom to a hundredth
RATIO_COUNTS_FROM = 64 * 1024 * 1024  # a small part may be an empty picture or one text repeated
MAX_PARTS = 2_000
SMALL_PART_BYTES = 8 * 1024 * 1024
CHUNK = 1024 * 1024
OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an encrypted workbook or one of the old format
WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # UTF-16, in which the next pattern would find nothing
DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
SPACE_BEFORE = b"\xef\xbb\xbf\xff\xfe \t\r\n"
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the two ways the format allows
UNPACKING = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError)
AN_XLSX = ".xlsx"


class Archive:
    """The parts of a workbook's file, whose sizes were checked; a part is found by its name in any case."""

    def __init__(self, content: bytes, where: str) -> None:
        """Check the sizes of all parts.

        Raises:
            SourceError: the file is damaged, or too large when it is unpacked.
        """
        self.where = where
        self._zip = zipfile.ZipFile(io.BytesIO(content))
        self._parts = {_name(part.filename): part for part in self._zip.infolist()}
        if len(self._zip.infolist()) > MAX_PARTS:
            raise refusal(where, reasons.TOO_MANY_PARTS, f"{MAX_PARTS} parts", reasons.SAVE_AGAIN)
        if len(self._parts) != len(self._zip.infolist()):
            raise refusal(where, reasons.ONE_NAME, "", reasons.SAVE_AGAIN)
        self._unsafe: set[str] = set()
        self._measure()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def open(self, name: str) -> IO[bytes]:
        """Return the bytes of a part that is going to be parsed.

        Raises:
            SourceError: parsing it would not be safe.
        """
        if name.lower() in self._unsafe:
            raise refusal(self.where, reasons.UNSAFE, "", reasons.SAVE_AGAIN)
        return self._zip.open(self._parts[name.lower()])

    def elements(self, name: str, tag: str) -> Iterator[Element]:
        """Yield the complete elements of a part with a given tag; in a large part each one's memory is freed after its turn."""
        with self.open(name) as part:
            if self._parts[name.lower()].file_size <= SMALL_PART_BYTES:
                root = fromstring(part.read())  # noqa: S314 - `open` refuses parts with entities of their own
                namespace, end, _ = root.tag.rpartition("}")
                yield from root.iter(f"{namespace}{end}{tag}")
                return
            for _, element in iterparse(part):  # noqa: S314
                if local(element.tag) == tag:
                    yield element
                    element.clear()

    def root_of(self, name: str) -> str:
        """Return the tag of the root of a part, without its namespace."""
        with self.open(name) as part:
            _, element = next(iter(iterparse(part, ("start",))))  # noqa: S314
            return local(element.tag)

    def _measure(self) -> None:
        """Unpack every part once, without keeping it, before any parser sees it: the sizes stated in the file cannot be trusted."""
        total = 0
        for name, part in self._parts.items():
            if part.flag_bits & 1:
                raise refusal(self.where, reasons.LOCKED, AN_XLSX, reasons.NO_PASSWORD)
            if part.compress_type not in PACKED:
                raise refusal(self.where, reasons.ODD_PACKING, "deflate", reasons.SAVE_AGAIN)
            total += self._inflated(name, part)
            if total > MAX_INFLATED_BYTES:
                raise self._bomb()

    def _inflated(self, name: str, part: zipfile.ZipInfo) -> int:
        size, tail, declared = 0, b"", part.file_size
        part.file_size = MAX_PART_BYTES + 1  # the library unpacks no more than this
        with self._zip.open(part) as stream:
            while chunk := stream.read(CHUNK):
                if (size == 0 and chunk[:2] in WIDE) or DOCTYPE.search(tail + chunk):
                    self._unsafe.add(name)
                size += len(chunk)
                if size > MAX_PART_BYTES or (size > RATIO_COUNTS_FROM and size > MAX_RATIO * part.compress_size):
                    raise self._bomb()
                tail = chunk[-16:]
        if size != declared:
            raise zipfile.BadZipFile
        part.file_size = declared
        return size

    def _bomb(self) -> SourceError:
        allowed = f"{MAX_INFLATED_BYTES} bytes unpacked, {MAX_RATIO} times the packed size"
        return refusal(self.where, reasons.INFLATES, allowed, reasons.IN_SEVERAL)


def open_archive(stream: BinaryIO, where: str) -> Archive:
    """Return the parts of a delivered file.

    Raises:
        SourceError: it is encrypted, no workbook, damaged, too large, or too large when it is unpacked.
    """
    content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise refusal(where, reasons.TOO_LARGE, f"{MAX_FILE_BYTES} bytes", reasons.IN_SEVERAL)
    if content.startswith(OLE_MARK):
        raise refusal(where, reasons.OLD_OR_LOCKED, AN_XLSX, reasons.NO_PASSWORD)
    if not content.startswith(b"PK") and not zipfile.is_zipfile(io.BytesIO(content)):
        raise refusal(where, _not_packed(content), AN_XLSX, reasons.SAVE_AS)
    with telling_damage(where):
        return Archive(content, where)


@contextmanager
def telling_damage(where: str) -> Iterator[None]:
    """Turn any error that a damaged file causes in a parser into a refusal; the error's own text may quote the content and is left out."""
    try:
        yield
    except UNPACKING:
        raise refusal(where, reasons.CUT_OFF, AN_XLSX, reasons.SAVE_AGAIN) from None
    except (ParseError, ExpatError):
        raise refusal(where, reasons.NO_XML, AN_XLSX, reasons.SAVE_AGAIN) from None
    except (LookupError, ValueError, ArithmeticError):
        raise refusal(where, reasons.NO_FORM, AN_XLSX, reasons.SAVE_AGAIN) from None


def local(name: str) -> str:
    """Return an XML name without its namespace, of which there are two (ISO strict and transitional)."""
    return name[name.rfind("}") + 1 :]


def _name(stored: str) -> str:
    """Return a part's name as it is looked up: without case, with the separators of the format."""
    return stored.replace("\\", "/").lstrip("/").lower()


def _not_packed(content: bytes) -> str:
    if not content:
        return reasons.EMPTY
    return reasons.MARKUP if content.lstrip(SPACE_BEFORE).startswith(b"<") else reasons.NO_PACKAGE
