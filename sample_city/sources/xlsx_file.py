"""Returns workbooks (XLSX) as a careful sender puts them down: whole or not at all, and the same rows are the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import xlsxwriter

from sample_city.world.whole_files import delivered

MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook's time has no zone


@contextmanager
def workbook(path: Path, *, in_rows: bool = False) -> Iterator[xlsxwriter.Workbook]:
    """Yields a workbook to fill; `in_rows`: its rows are written in order and go to the disk, else all of it stays in memory."""
    with delivered(path) as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": in_rows, "in_memory": not in_rows})
        book.set_properties({"created": MADE, "author": ""})
        yield book
        book.close()
