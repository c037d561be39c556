"""Measure how many texts in a foreign encoding the readers find, and that they refuse none that is written as declared.

python -m benchmarks.encodings --honest 100000 --foreign 10000 --files 2000
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice

import typer

from benchmarks.chinese import texts
from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.model import CsvSource
from lakehouse.errors import QualityError, SourceError
from lakehouse.ingest.readers import csv
from lakehouse.ingest.readers.foreign import misread
from lakehouse.ingest.readers.header import Expected
from lakehouse.ingest.readers.records import Record

NEIGHBOURS = 9  # rows written as declared for each foreign one
LEAST_FOUND = 0.99
HEADER = "id,text"
BOTH: tuple[Encoding, ...] = ("utf-8", "gb18030")
UTF16: Encoding = "utf-16"


@dataclass(frozen=True)
class Slip:
    """A way in which a cell gets into a file of another encoding: the encoding declared, and the cell's bytes in it."""

    name: str
    declared: Encoding
    spoil: Callable[[str], bytes]


@dataclass
class Measured:
    """What was found: texts refused by mistake, the share of foreign cells found by kind of slip, the share of foreign files."""

    honest: int
    false_alarms: int
    honest_files: int
    files_refused_by_mistake: int
    foreign: int
    found: dict[str, float] = field(default_factory=dict)
    files: dict[str, float] = field(default_factory=dict)


def western(raw: bytes) -> str:
    """Return bytes read as Western letters, as spreadsheets and browsers do."""
    return "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in raw)


SLIPS = (
    Slip("UTF-8 in a GB18030 file", "gb18030", lambda text: text.encode()),
    Slip("GB18030 in a UTF-8 file", "utf-8", lambda text: text.encode("gb18030")),
    Slip("UTF-8 read as Western letters", "utf-8", lambda text: western(text.encode()).encode()),
    Slip("GB18030 read as Western letters", "utf-8", lambda text: western(text.encode("gb18030")).encode()),
    Slip("UTF-8 read as GB18030", "utf-8", lambda text: text.encode().decode("gb18030", "replace").replace("\ufffd", "?").encode()),
)
FILES: tuple[tuple[str, Encoding, str], ...] = (
    ("UTF-16 with its mark", "utf-8", "utf-16"),
    ("UTF-16 without a mark", "gb18030", "utf-16-le"),
    ("UTF-16 where UTF-16 is declared, without a mark", "utf-16", "utf-16-be"),
    ("UTF-8 where GB18030 is declared", "gb18030", "utf-8"),
    ("GB18030 where UTF-8 is declared", "utf-8", "gb18030"),
    ("Big5 where GB18030 is declared", "gb18030", "big5hkscs"),
    ("Big5 where UTF-8 is declared", "utf-8", "big5hkscs"),
)


def measure(honest: int, foreign: int, files: int) -> Measured:
    """Read so many honest texts (in both encodings), foreign cells and files, and count.

    Raises:
        QualityError: an honest text or file was refused, or too few foreign ones were found.
    """
    known = list(islice(texts(1), honest))
    alarms = sum(_is_foreign(record) for encoding in BOTH for record in _read(_file(known, encoding), encoding))
    sizes = [2 + number % 30 for number in range(files)]
    mistaken = sum(_is_refused(part, encoding, encoding) for encoding in (*BOTH, UTF16) for part in _parts([size - 1 for size in sizes], 2))
    found = Measured(honest, alarms, 3 * files, mistaken, foreign)
    each = foreign // len(SLIPS)
    found.found = {slip.name: _found(slip, each) for slip in SLIPS}
    found.files = {
        name: sum(_is_refused(part, codec, declared) for part in _parts(sizes, 3)) / max(files, 1) for name, declared, codec in FILES
    }
    check(found)
    return found


def _found(slip: Slip, count: int) -> float:
    """Return the share of foreign cells that are found, each among rows written as declared, none of which may be refused."""
    told = list(islice(texts(4), count * (NEIGHBOURS + 1)))
    lines = [
        f"{number},".encode() + (text.encode(slip.declared) if number % (NEIGHBOURS + 1) else slip.spoil(text))
        for number, text in enumerate(told)
    ]
    content = b"\n".join((HEADER.encode(), *lines))
    refused = [bool(record.reject) for record in _read(content, slip.declared)]
    if any(refused[number] for number in range(len(refused)) if number % (NEIGHBOURS + 1)):
        raise QualityError(f"{slip.name}: a text beside a foreign one was refused.")
    return sum(refused) / count


def _read(content: bytes, declared: Encoding) -> Iterator[Record]:
    source = CsvSource(kind="csv", path="", encoding=declared)
    return csv.read_named(io.BytesIO(content), csv.Dialect(source, Expected("texts", ("id", "text")), ("id", "text")), "a file")


def _file(rows: Sequence[str], codec: str) -> bytes:
    lines = (f"{number},{text}" for number, text in enumerate(rows))
    return "\n".join((HEADER, *lines)).encode(codec, "ignore")  # Big5 lacks the simplified forms


def _is_foreign(record: Record) -> bool:
    return record.reject is not None or misread(record.texts or ()) is not None


def _is_refused(rows: Sequence[str], codec: str, declared: Encoding) -> bool:
    """Return whether a file is refused, or every row of it rejected."""
    try:
        return all(record.reject for record in _read(_file(rows, codec), declared))
    except SourceError:
        return True


def _parts(sizes: Sequence[int], seed: int) -> Iterator[list[str]]:
    told = texts(seed)
    return (list(islice(told, size)) for size in sizes)


def check(found: Measured) -> None:
    """Check what was measured.

    Raises:
        QualityError: something honest was refused, or too little of a kind found.
    """
    shares = {**found.found, **found.files}
    missed = [f"{name}: {share:.2%} found" for name, share in shares.items() if share < LEAST_FOUND]
    if found.false_alarms or found.files_refused_by_mistake or missed:
        mistakes = f"{found.false_alarms} texts and {found.files_refused_by_mistake} files refused by mistake"
        raise QualityError("; ".join((mistakes, *missed)))


def main(honest: int = 100_000, foreign: int = 10_000, files: int = 2_000) -> None:
    """Measure and print one JSON object."""
    typer.echo(json.dumps(asdict(measure(honest, foreign, files)), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    typer.run(main)
