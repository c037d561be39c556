"""Check the sizes in a workbook's file before it is parsed: no part is parsed before all are known to be within the limits."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from lakehouse.errors import SourceError
from lakehouse.ingest.readers.records import refusal

MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_PART_BYTES = 256 * 1024 * 1024
MAX_INFLATED_BYTES = 512 * 1024 * 1024
MAX_RATIO = 200  # a part of a real workbook shrinks to a twentieth, seldom to a hundredth
RATIO_COUNTS_FROM = 4 * 1024 * 1024
MAX_PARTS = 2_000
CHUNK = 1024 * 1024
OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an encrypted workbook or one of the old format
WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # UTF-16, in which the next pattern would find nothing
DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
WORKBOOK = "xl/workbook.xml"
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError)


def measured(stream: BinaryIO, where: str) -> bytes:
    """Return the bytes of a delivered workbook after checking its sizes.

    Raises:
        SourceError: it is encrypted, no workbook, damaged, too large, or too large when it is unpacked.
    """
    content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise refusal(where, "the workbook is too large.", f"{MAX_FILE_BYTES} bytes", "send it in several files.")
    if content.startswith(OLE_MARK):
        found = "the workbook is encrypted, or of the old format (.xls)."
        raise refusal(where, found, "an .xlsx file without a password", "save it as .xlsx without a password and send it again.")
    with telling_damage(where), zipfile.ZipFile(io.BytesIO(content)) as archive:
        _measure(archive, where)
    return content


@contextmanager
def telling_damage(where: str) -> Iterator[None]:
    """Turn any error that a damaged file causes in a parser into a refusal of the delivery."""
    try:
        yield
    except (*DAMAGED, ParseError, ExpatError, LookupError, ValueError, ArithmeticError) as error:
        raise _damaged(where, error) from None


def _damaged(where: str, error: Exception) -> SourceError:
    """Return the refusal of a file that cannot be read; the library's own error text may quote the content, so it is left out."""
    found = f"the file cannot be read as a workbook ({type(error).__name__})."
    return refusal(where, found, "an .xlsx file", "open it in the spreadsheet program, save it again and send it.")


def _measure(archive: zipfile.ZipFile, where: str) -> None:
    """Unpack every part once, without keeping it, before any parser sees it: the sizes stated in the file cannot be trusted."""
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > MAX_PARTS or len(set(names)) != len(names):
        raise refusal(where, "the file's parts are not those of a workbook (too many, or two of one name).", "", "save it again.")
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
    part.file_size = MAX_PART_BYTES + 1  # the library unpacks no more than this
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
    allowed = f"{MAX_INFLATED_BYTES} bytes unpacked, {MAX_RATIO} times the packed size"
    return refusal(where, "the workbook is too large when it is unpacked.", allowed, "send it in several files.")
