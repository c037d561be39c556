"""Write CSV files with a header line, in the encoding and with the line ends of their sender."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sample_city.sources.defects import Defect, LineDefect, Row
from sample_city.world.whole_files import delivered


@dataclass(frozen=True)
class CsvFormat:
    """The CSV format of a sender."""

    encoding: str = "utf-8"
    line_end: str = "\n"
    suffix: str = ".csv"

    @contextmanager
    def open(self, path: Path, columns: tuple[str, ...]) -> Iterator[_CsvFile]:
        """Open a file and write its header; it gets its final name when everything is written."""
        with delivered(path) as file:
            written = _CsvFile(file, self)
            written.add(dict(zip(columns, columns, strict=True)), None)
            yield written

    def line(self, values: Iterable[str]) -> bytes:
        """Return the bytes of one record; a quoted value may span physical lines."""
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator=self.line_end).writerow(values)
        return buffer.getvalue().encode(self.encoding)


class _CsvFile:
    """A file being written; counts physical lines."""

    def __init__(self, file: BinaryIO, style: CsvFormat) -> None:
        self._file, self._style, self._next = file, style, 1

    def add(self, row: Row, defect: Defect | None) -> int:
        content = self._style.line(row.values())
        if isinstance(defect, LineDefect):
            content = defect.garble(content, row)
        self._file.write(content)
        line, self._next = self._next, self._next + content.count(b"\n")
        return line
