"""Read delivered workbooks strictly as text: one declared sheet; a row with a cell that has no exact text is a named reject.

A record is a row below the header that holds something; its line is the number of the row in the sheet. Rows without any value are
no records. Hidden rows and columns are read like others. Hidden sheets are reported, because people may have put data there.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import BinaryIO

from lakehouse.contracts.model import Column, Contract, XlsxSource
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import xlsx_reasons as reasons
from lakehouse.ingest.readers.foreign import misread
from lakehouse.ingest.readers.header import JOINED, check_header, expected_of
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, BrokenRecordError, Record, refusal
from lakehouse.ingest.readers.xlsx_archive import telling_damage
from lakehouse.ingest.readers.xlsx_cells import Cell, Meaning, SheetRow, rows
from lakehouse.ingest.readers.xlsx_count import rows_with_content
from lakehouse.ingest.readers.xlsx_package import Block, Package, letters_of, open_package


def read(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
    """Return the records of a delivered workbook.

    Raises:
        SourceError: the file, the sheet or its header is not as declared; the whole delivery is refused.
    """
    package = open_package(stream, where)
    with telling_damage(where):
        yield from _Sheet(package, contract).records()


def count(stream: BinaryIO, contract: Contract) -> int:
    """Return how many rows below the header hold something, counted without the reader; 0 where there is no readable sheet at all."""
    source = _source(contract)
    try:
        package = open_package(stream, "")
        with telling_damage(""), package.open(package.sheet(source.sheet)) as part:
            empty_texts = {number for number, text in enumerate(package.strings()) if not text}
            return rows_with_content(part, source.header_from + source.header_rows - 1, empty_texts)
    except SourceError:  # the reader refuses the file and says why
        return 0


def remarks(stream: BinaryIO, contract: Contract) -> list[str]:
    """Return remarks about a readable workbook for people: macros, and hidden sheets by their positions only."""
    source = _source(contract)
    package = open_package(stream, "")
    hidden = [str(place) for place, sheet in enumerate(package.sheets, 1) if sheet.is_hidden and sheet.name != source.sheet]
    found = [f"hidden sheets that are not read: {', '.join(hidden)} of {len(package.sheets)}"] if hidden else []
    found += ["macros that are not looked at"] if package.has_macros else []
    return found + (["the declared sheet is hidden"] if package.sheet(source.sheet).is_hidden else [])


def letters(stream: BinaryIO, contract: Contract) -> dict[str, str]:
    """Return the letters of the sheet's columns by their names in the header, as people see them.

    Raises:
        SourceError: the file, the sheet or its header cannot be read.
    """
    with telling_damage(""):
        names = _Sheet(open_package(stream, ""), contract).header()
    return {name: letters_of(place) for place, name in enumerate(names, 1) if name}


def broken_letters(stream: BinaryIO, contract: Contract, line: int) -> list[str]:
    """Return the letters of the cells of a row that cannot be read, none where it is not a cell's fault.

    Raises:
        SourceError: the file, the sheet or its header cannot be read.
    """
    with telling_damage(""):
        return [letters_of(column) for column in _Sheet(open_package(stream, ""), contract).broken(line)]


def _source(contract: Contract) -> XlsxSource:
    assert isinstance(contract.source, XlsxSource)
    return contract.source


class _Sheet:
    """The declared sheet of a workbook."""

    def __init__(self, package: Package, contract: Contract) -> None:
        self._package, self._contract, self._source = package, contract, _source(contract)
        self._part = package.sheet(self._source.sheet)
        self._where = f"{package.where}: sheet {self._source.sheet}"
        self._blocks = package.merged_blocks(self._part)
        self._hiding = _hiding(self._blocks)
        self._meaning = Meaning.of(package, stored_results=self._source.formulas == "result")
        self._last_header = self._source.header_from + self._source.header_rows - 1

    def records(self) -> Iterator[Record]:
        """Yield the records below the header."""
        head: list[SheetRow] = []
        columns: list[Column] = []
        places: list[int] = []
        for row in rows(self._package, self._part):
            if row.number <= self._last_header:
                head.append(row)
                continue
            if not columns:
                columns, places = self._columns(head)
            record = self._record(row, columns, places)
            if record is not None:
                yield record
        if not columns:
            self._columns(head)

    def header(self) -> list[str]:
        """Return the names of the columns."""
        return self._names(self._head())

    def broken(self, line: int) -> Iterator[int]:
        """Yield the columns of a row's cells that cannot be read."""
        columns, _ = self._columns(self._head())
        for row in takewhile(lambda row: row.number <= line, rows(self._package, self._part)):
            for cell in row.cells if row.number == line else ():
                try:
                    self._text(cell, columns)
                except BrokenRecordError:
                    yield cell.column

    def _head(self) -> list[SheetRow]:
        return list(takewhile(lambda row: row.number <= self._last_header, rows(self._package, self._part)))

    def _columns(self, head: Sequence[SheetRow]) -> tuple[list[Column], list[int]]:
        """Return the columns from left to right, and the places of the kept ones in contract order."""
        declared = {column.source_name: column for column in self._contract.columns}
        names = self._names(head)
        check_header(names, expected_of(self._contract), self._where)
        return [declared[name] for name in names], [names.index(column.source_name) for column in self._contract.kept_columns]

    def _names(self, head: Sequence[SheetRow]) -> list[str]:
        """Return the name of each column up to the last named one: the texts of its header rows joined by `/`, a merged cell once."""
        wanted = range(self._source.header_from, self._last_header + 1)
        texts = {place: text for row in head if row.number in wanted for place, text in self._header_texts(row)}
        covered = {place: (block.top, block.left) for block in self._blocks for place in _places(block, wanted)}
        width = max((column for _, column in [*texts, *covered]), default=0)
        names = []
        for column in range(1, width + 1):
            anchors = dict.fromkeys(covered.get((row, column), (row, column)) for row in wanted)
            names.append(JOINED.join(text for anchor in anchors if (text := texts.get(anchor))))
        while names and not names[-1]:
            names.pop()
        return names

    def _header_texts(self, row: SheetRow) -> Iterator[tuple[tuple[int, int], str]]:
        """Yield place and text of a header row's cells."""
        place = f"row {row.number}"
        try:
            if row.broken:
                raise BrokenRecordError(row.broken)
            for cell in row.cells:
                place = f"cell {letters_of(cell.column)}{cell.row}"
                yield (cell.row, cell.column), self._meaning.text(cell, None) or ""
        except BrokenRecordError as error:
            allowed = ", ".join(sorted(column.source_name for column in self._contract.columns))
            found = reasons.unreadable_header(place, error.reject)
            raise refusal(f"{self._where}: header", found, allowed, reasons.PLAIN_TEXTS) from None

    def _text(self, cell: Cell, columns: Sequence[Column]) -> str | None:
        """Return the text of a cell below the header; to the right of it there must be none."""
        is_inside = cell.column <= len(columns)
        text = self._meaning.text(cell, columns[cell.column - 1] if is_inside else None)
        if text is not None and not is_inside:
            raise BrokenRecordError("too_many_fields")
        return text

    def _record(self, row: SheetRow, columns: Sequence[Column], places: Sequence[int]) -> Record | None:
        """Return the record of a row, None where all its cells are empty texts."""
        try:
            if row.broken:
                raise BrokenRecordError(row.broken)
            texts = {cell.column - 1: self._text(cell, columns) for cell in row.cells}
            if not any(texts.values()) and all(cell.formula is None for cell in row.cells):
                return None
            below = bisect_right(self._hiding[0], row.number) - 1
            if below >= 0 and row.number <= self._hiding[1][below]:
                raise BrokenRecordError("merged_cell")
            kept = tuple(texts.get(place) for place in places)
            if foreign := misread(kept):
                raise BrokenRecordError(foreign)
        except BrokenRecordError as error:
            return Record(row.number, None, error.reject, self._raw(row.cells, columns))
        return Record(row.number, kept)

    def _raw(self, found: Sequence[Cell], columns: Sequence[Column]) -> bytes:
        """Return what stands in the cells of a row, by column, for the people who have to correct it."""
        held: dict[str, str] = {}
        for cell in found:
            held[str(cell.column)] = "; ".join(filter(None, (held.get(str(cell.column)), self._seen(cell, columns))))
        return json.dumps(held, ensure_ascii=False).encode("utf-8", "replace")[:MAX_RECORD_BYTES]

    def _seen(self, cell: Cell, columns: Sequence[Column]) -> str:
        """Return a cell as people see it, or what is written in it."""
        if cell.formula is not None:
            return f"={cell.formula}"
        try:
            return self._text(cell, columns) or ""
        except BrokenRecordError:
            return self._meaning.as_written(cell)


def _hiding(blocks: Iterable[Block]) -> tuple[list[int], list[int]]:
    """Return the first rows and the last rows of the ranges in which merged blocks hide cells: one value would stand for several rows.

    The ranges are in order and do not overlap.
    """
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted((block.top + (block.left == block.right), block.bottom) for block in blocks):
        if lasts and first <= lasts[-1]:
            lasts[-1] = max(lasts[-1], last)
        elif first <= last:
            firsts.append(first)
            lasts.append(last)
    return firsts, lasts


def _places(block: Block, wanted: range) -> Iterator[tuple[int, int]]:
    """Yield the places of a block within the header's rows; a block that is wider than any sheet is cut off."""
    for row in wanted:
        if block.top <= row <= block.bottom:
            yield from ((row, column) for column in range(block.left, min(block.right, block.left + 1000) + 1))
