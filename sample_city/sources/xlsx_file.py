"""Write workbooks (XLSX) reproducibly, the same rows give the same bytes: one sheet with a header and typed cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from sample_city.sources.defects import Defect, Row, SheetDefect
from sample_city.world.whole_files import delivered

MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook's time has no zone
Header = Callable[[Any, Any, tuple[str, ...]], int]  # writes the header into a sheet and returns how many rows it takes


def plain_header(_: Any, sheet: Any, columns: tuple[str, ...]) -> int:
    """Write the columns' names in one row."""
    sheet.write_row(0, 0, columns)
    return 1


@dataclass(frozen=True)
class XlsxFormat:
    """The workbook format of a sender; `in_rows`: write row by row to disk instead of keeping the sheet in memory."""

    sheet: str
    header: Header = plain_header
    in_rows: bool = False
    suffix: str = ".xlsx"

    @contextmanager
    def open(self, path: Path, columns: tuple[str, ...]) -> Iterator[_Sheet]:
        """Open a workbook and write its header; it gets its final name when everything is written."""
        with delivered(path) as file:
            book = xlsxwriter.Workbook(file, {"constant_memory": self.in_rows, "in_memory": not self.in_rows})
            book.set_properties({"created": MADE, "author": ""})
            sheet = book.add_worksheet(self.sheet)
            written = _Sheet(book, sheet, self.header(book, sheet, columns))
            yield written
            written.close()


class _Sheet:
    """A workbook's sheet being written; counts rows."""

    def __init__(self, book: Any, sheet: Any, rows: int) -> None:
        self._book, self._sheet, self._rows = book, sheet, rows
        self._dated = book.add_format({"num_format": "yyyy-mm-dd"})
        self._beside: dict[str, Callable[[Any], None]] = {}

    def add(self, row: Row, defect: Defect | None) -> int:
        for column, cell in enumerate(row.values()):
            self._write(column, cell)
        if isinstance(defect, SheetDefect):
            defect.draw(self._sheet, self._rows, row)
            self._beside[defect.kind] = defect.beside
        self._rows += 1
        return self._rows

    def close(self) -> None:
        for add in self._beside.values():
            add(self._book)
        self._book.close()

    def _write(self, column: int, cell: Any) -> None:
        if isinstance(cell, date):
            self._sheet.write_datetime(self._rows, column, datetime.combine(cell, datetime.min.time()), self._dated)
        elif isinstance(cell, int | float):
            self._sheet.write_number(self._rows, column, cell)
        elif cell:
            self._sheet.write_string(self._rows, column, cell)


def grouped_header(title: str) -> Header:
    """Return a header of three rows: the title, then groups over their columns (`group/column`); a single column spans both rows."""

    def write(book: Any, sheet: Any, columns: tuple[str, ...]) -> int:
        bold = book.add_format({"bold": True, "align": "center"})
        sheet.merge_range(0, 0, 0, len(columns) - 1, title, bold)
        groups: dict[str, list[int]] = {}
        for place, name in enumerate(columns):
            group, _, below = name.partition("/")
            if below:
                groups.setdefault(group, []).append(place)
                sheet.write_string(2, place, below, bold)
            else:
                sheet.merge_range(1, place, 2, place, name, bold)
        for group, places in groups.items():
            if len(places) > 1:
                sheet.merge_range(1, places[0], 1, places[-1], group, bold)
            else:
                sheet.write_string(1, places[0], group, bold)
        return 3

    return write
