"""Read the first rows of the fullest sheet of a workbook nobody has declared, with merged cells of a header joined as the reader does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from lakehouse.errors import Problem, SourceError
from lakehouse.ingest.readers.records import BrokenRecordError
from lakehouse.ingest.readers.xlsx_archive import telling_damage
from lakehouse.ingest.readers.xlsx_cells import Cell, Meaning, rows
from lakehouse.ingest.readers.xlsx_package import Block, Package, SheetPart, open_package
from lakehouse.ingest.undeclared.heading import Row, without_end

WIDEST = 500
NEARLY_WHOLE = 0.8


@dataclass(frozen=True)
class SheetRows:
    """The first rows of a sheet, from its first row on, its merged blocks, and what somebody has to decide."""

    sheet: str
    rows: list[Row]
    blocks: Sequence[Block]
    remarks: list[str]

    def names(self, first: int, depth: int) -> list[str]:
        """Return the names that a header in these rows gives the columns: texts from above joined by `/`, a merged cell once.

        None where it is a title that spans the table, or ends within a merged cell.
        """
        wanted = range(first, first + depth)
        width = max(len(self.rows[row]) for row in wanted)
        inside = [block for block in self.blocks if block.top - 1 in wanted]
        spans = (block.right - block.left + 1 for block in inside if block.top - 1 == first)
        if any(span >= max(2, NEARLY_WHOLE * width) for span in spans) or any(block.bottom > first + depth for block in inside):
            return []
        covered = {
            (row, column): (block.top - 1, block.left - 1)
            for block in inside
            for row in range(block.top - 1, block.bottom)
            for column in range(block.left - 1, min(block.right, WIDEST))
        }
        names = []
        for column in range(width):
            anchors = dict.fromkeys(covered.get((row, column), (row, column)) for row in wanted)
            names.append("/".join(filter(None, (self._text(row, place) for row, place in anchors))))
        return without_end(names)

    def _text(self, row: int, column: int) -> str:
        texts = self.rows[row]
        return (texts[column] or "") if column < len(texts) else ""


def sheet_rows(content: bytes, where: str, most: int) -> SheetRows:
    """Return the first rows of the visible sheet that has most of them.

    Raises:
        SourceError: the file cannot be read as a workbook, or all its sheets are empty.
    """
    package = open_package(io.BytesIO(content), where)
    with telling_damage(where):
        meaning = Meaning.of(package, stored_results=True)
        read = {sheet.name: _texts(package, sheet, meaning, most) for sheet in package.sheets if not sheet.is_hidden}
        name = max(read, key=lambda one: sum(map(any, read[one])), default="")
        if not any(map(any, read.get(name, []))):
            raise SourceError(Problem(where, "every sheet that people see is empty.", "", "take a workbook that holds rows.").text())
        others = len(package.sheets) - 1
        told = [f"the workbook has {others} other sheets, which are not read"] if others else []
        formulas = any(cell.formula is not None for row in islice(rows(package, package.sheet(name)), most) for cell in row.cells)
        told += ["cells hold formulas: their rows are rejected; ask for values, or write `formulas: result`"] if formulas else []
        return SheetRows(name, read[name], package.merged_blocks(package.sheet(name)), told)


def _texts(package: Package, sheet: SheetPart, meaning: Meaning, most: int) -> list[Row]:
    """Return the texts of a sheet's rows from its first row on; what the reader would reject is empty."""
    found: list[Row] = []
    for row in islice(rows(package, sheet), most):
        if row.number > len(found) + most:
            break
        found += [()] * (row.number - 1 - len(found))
        found.append(_row(row.cells, meaning))
    return found


def _row(cells: Sequence[Cell], meaning: Meaning) -> Row:
    texts: list[str | None] = [None] * min(max(cell.column for cell in cells), WIDEST)
    for cell in cells:
        if cell.column <= WIDEST:
            try:
                texts[cell.column - 1] = meaning.text(cell, None)
            except BrokenRecordError:
                continue
    return texts
