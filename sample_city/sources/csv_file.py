"""Writes CSV files with a header line, in the encoding and with the line ends of their sender."""

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
    """How a sender writes CSV."""

    encoding: str = "utf-8"
    line_end: str = "\n"
    suffix: str = ".csv"

    @contextmanager
    def open(self, path: Path, columns: tuple[str, ...]) -> Iterator[_CsvFile]:
        """Begin a file with its header; it gets its name when everything is written."""
        with delivered(path) as file:
            written = _CsvFile(file, self)
            written.add(dict(zip(columns, columns, strict=True)), None)
            yield written

    def line(self, values: Iterable[str]) -> bytes:
        """Return one record as it is written; a quoted value may span physical lines."""
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator=self.line_end).writerow(values)
        return buffer.getvalue().encode(self.encoding)


class _CsvFile:
    """A file while it is written; counts physical lines."""

    def __init__(self, file: BinaryIO, style: CsvFormat) -> None:
        self._file, self._style, self._next = file, style, 1

    def add(self, row: Row, defect: Defect | None) -> int:
        content = self._style.line(row.values())
        if isinstance(defect, LineDefect):
            content = defect.garble(content, row)
        self._file.write(content)
        line, self._next = self._next, self._next + content.count(b"\n")
        return line
