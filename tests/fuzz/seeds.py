"""Small valid deliveries of every resource of the sample city, made in memory: what the fuzzer changes."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract, CsvSource
from sample_city.sources.file_source import FileSource
from sample_city.sources.inventory import SOURCES
from sample_city.sources.table_source import TableSource
from sample_city.world.lives import Lives
from sample_city.world.people import FIRST_DAY, Setting
from sample_city.world.places import Places

PEOPLE, MOST_ROWS = 200, 8
FORMATS = (
    "0", "00", "000000", "#,##0.00", "0.00E+00", "@", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", 'yyyy"年"m"月"', "yyyy\\-mm", "yyyy", "mmm-yy",
    "h:mm:ss", "[h]:mm",
)  # fmt: skip
BUILT_IN = (14, 17, 22, 27, 31, 45, 46, 49, 57)

QUOTE, SPECIAL = '"', re.compile('[",\r\n]')
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Seed:
    """A valid delivery: its contract, its bytes, and its rows as they were written, by the names in the file.

    Attributes:
        contract: of its resource.
        content: the bytes.
        rows: the rows that were written.
        of_each: in a text file the bytes of its header, then of each row.
    """

    contract: Contract
    content: bytes
    rows: tuple[Row, ...]
    of_each: tuple[bytes, ...] = ()

    @property
    def kind(self) -> str:
        """Return the kind of its source."""
        return self.contract.source.kind

    @property
    def form(self) -> str:
        """Return kind and encoding, as figures are given by them."""
        return f"{self.kind} {self.encoding}" if self.kind == "csv" else self.kind

    @property
    def encoding(self) -> str:
        """Return the encoding of a text file."""
        return self.contract.source.encoding if isinstance(self.contract.source, CsvSource) else "utf-8"

    def __str__(self) -> str:
        """Return the code of the resource."""
        return self.contract.code


@cache
def seeds() -> tuple[Seed, ...]:
    """Return a delivery of every resource, the same ones every time."""
    lives = Lives(Setting(1, PEOPLE, Places(PROJECT / "cities" / "tiny", FIRST_DAY)))
    return tuple(_delivered(source(lives)) for source in SOURCES)


def csv_line(values: Iterable[object], encoding: str, end: str = "\n", quote_all: bool = False) -> bytes:
    """Return a record of a CSV file; quotes stand around what needs them, or around everything."""
    texts = ["" if value is None else str(value) for value in values]
    quoted = (f'"{text.replace(QUOTE, QUOTE * 2)}"' if quote_all or SPECIAL.search(text) else text for text in texts)
    return (",".join(quoted) + end).encode(encoding)


def json_line(fragments: Mapping[str, str]) -> bytes:
    """Return an object as a line of JSON; the values are JSON already."""
    return ("{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in fragments.items()) + "}\n").encode()


def _delivered(source: Any) -> Seed:
    contract = load_contract_of(PROJECT / "contracts", source.code)
    if isinstance(source, FileSource) and contract.source.kind == "xlsx":
        return _workbook(contract, source)
    rows = tuple(islice(_valid_rows(source), MOST_ROWS))
    if contract.source.kind in ("api", "jsonl"):
        lines = [json_line({name: json.dumps(value or None, ensure_ascii=False) for name, value in row.items()}) for row in rows]
        return Seed(contract, b"".join(lines), rows, (b"", *lines))
    encoding = contract.source.encoding if isinstance(contract.source, CsvSource) else "utf-8"
    end = "\r\n" if encoding == "gb18030" else "\n"
    kept = [column.source_name for column in contract.kept_columns] if contract.source.kind == "postgres" else list(source.columns)
    rows = tuple({name: row[name] for name in kept} for row in rows)
    lines = [csv_line(kept, encoding, end), *(csv_line(row.values(), encoding, end) for row in rows)]
    return Seed(contract, b"".join(lines), rows, tuple(lines))


def _valid_rows(source: Any) -> Iterator[Row]:
    if isinstance(source, TableSource):
        labelled = chain(source.special_rows(), ((row, "") for row in source.ordinary_rows()))
        yield from (row for row, kind in labelled if not kind)
    else:
        batches = chain(source.first_batches(), source.batches(FIRST_DAY))
        yield from (row for batch in batches for _, row, kind in batch.rows if not kind)


def _workbook(contract: Contract, source: FileSource) -> Seed:
    """Return a workbook as the source writes it, with more formats for its cells than it uses."""
    batch = next(iter(source.batches(FIRST_DAY)))
    chosen = tuple(islice(((file, row) for file, row, kind in batch.rows if not kind), MOST_ROWS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        with source.format_of(chosen[0][0]).open(path, source.columns) as writer:
            for _, row in chosen:
                writer.add(row, None)
        parts = parts_of(path.read_bytes())
    parts["xl/styles.xml"] = _with_formats(parts["xl/styles.xml"])
    rows = tuple({name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()} for _, row in chosen)
    return Seed(contract, packed(parts), rows)


def parts_of(content: bytes) -> dict[str, bytes]:
    """Return the parts of a workbook by their names."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return parts packed as a file, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression, 1)
    return buffer.getvalue()


def _with_formats(styles: bytes) -> bytes:
    text = styles.decode()
    used = {int(number) for number in re.findall(r'numFmtId="(\d+)" formatCode', text)}
    first = max(used, default=163) + 1
    declared = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{code.replace(chr(34), "&quot;")}"/>' for number, code in enumerate(FORMATS, first)
    )
    known = re.search(r"<numFmts.*?</numFmts>", text)
    inner = re.sub(r"</?numFmts[^>]*>", "", known[0]) if known else ""
    listed = f'<numFmts count="{len(used) + len(FORMATS)}">{inner}{declared}</numFmts>'
    text = text.replace(known[0], listed) if known else re.sub(r"(<styleSheet[^>]*>)", lambda found: found[1] + listed, text, count=1)
    numbers = [*range(first, first + len(FORMATS)), *BUILT_IN]
    more = "".join(f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0"/>' for number in numbers)
    count = len(re.findall("<xf ", re.search(r"<cellXfs.*?</cellXfs>", text)[0])) + len(numbers)
    text = re.sub(r"<cellXfs[^>]*>", f'<cellXfs count="{count}">', text)
    return text.replace("</cellXfs>", f"{more}</cellXfs>").encode()
