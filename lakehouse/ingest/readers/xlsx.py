"""Read delivered workbooks strictly as text: one declared sheet; a row with a cell that has no exact text is a named reject.

A record is a row below the header that holds something; its line is the number of the row in the sheet. Rows without any value are
no records. Hidden rows and columns are read like others. Hidden sheets are reported, because people may have put data there.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from lakehouse.contracts.model import Column, Contract, XlsxSource
from lakehouse.errors import SourceError
from lakehouse.ingest.readers.header import check_header, expected_of
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, BrokenRecordError, Record, refusal
from lakehouse.ingest.readers.xlsx_archive import telling_damage
from lakehouse.ingest.readers.xlsx_cells import Cell, Meaning, rows
from lakehouse.ingest.readers.xlsx_count import rows_with_content
from lakehouse.ingest.readers.xlsx_package import Block, Package, open_package


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
    """Return remarks about a readable workbook for people: hidden sheets, by their positions only."""
    source = _source(contract)
    package = open_package(stream, "")
    hidden = [str(place) for place, sheet in enumerate(package.sheets, 1) if sheet.is_hidden and sheet.name != source.sheet]
    found = [f"hidden sheets that are not read: {', '.join(hidden)} of {len(package.sheets)}"] if hidden else []
    return found + (["the declared sheet is hidden"] if package.sheet(source.sheet).is_hidden else [])


def letters(stream: BinaryIO, contract: Contract) -> dict[str, str]:
    """Return the letters of the sheet's columns by their names in the header, as people see them."""
    names = _Sheet(open_package(stream, ""), contract).header()
    return {name: _letter(place) for place, name in enumerate(names, 1) if name}


def _letter(column: int) -> str:
    rest, last = divmod(column - 1, 26)
    return (_letter(rest) if rest else "") + chr(ord("A") + last)


def _source(contract: Contract) -> XlsxSource:
    assert isinstance(contract.source, XlsxSource)
    return contract.source


class _Sheet:
    """The declared sheet of a workbook."""

    def __init__(self, package: Package, contract: Contract) -> None:
        self._package, self._contract, self._source = package, contract, _source(contract)
        self._part = package.sheet(self._source.sheet)
        self._blocks = package.merged_blocks(self._part)
        self._hiding = _hiding(self._blocks)
        self._meaning = Meaning.of(package, stored_results=self._source.formulas == "result")
        self._last_header = self._source.header_from + self._source.header_rows - 1

    def records(self) -> Iterator[Record]:
        """Yield the records below the header."""
        head: dict[int, list[Cell]] = {}
        declared = {column.source_name: column for column in self._contract.columns}
        columns: list[Column] = []
        places: list[int] = []
        for number, found in rows(self._package, self._part):
            if number <= self._last_header:
                head[number] = found
                continue
            if not columns:
                columns, places = self._columns(head, declared)
            record = self._record(number, found, columns, places)
            if record is not None:
                yield record
        if not columns:
            self._columns(head, declared)

    def header(self) -> list[str]:
        """Return the names of the columns."""
        return self._names({number: found for number, found in rows(self._package, self._part) if number <= self._last_header})

    def _columns(self, head: dict[int, list[Cell]], declared: dict[str, Column]) -> tuple[list[Column], list[int]]:
        names = self._names(head)
        check_header(names, expected_of(self._contract), f"{self._package.where}: sheet {self._source.sheet}")
        return [declared[name] for name in names], [names.index(column.source_name) for column in self._contract.kept_columns]

    def _names(self, head: dict[int, list[Cell]]) -> list[str]:
        """Return the name of each column up to the last named one: the texts of its header rows joined by `/`, a merged cell once."""
        texts: dict[tuple[int, int], str] = {}
        wanted = range(self._source.header_from, self._last_header + 1)
        for cell in (cell for number in wanted for cell in head.get(number, ())):
            try:
                texts[cell.row, cell.column] = self._meaning.text(cell, None) or ""
            except BrokenRecordError as error:
                where = f"{self._package.where}: sheet {self._source.sheet}: header"
                allowed = ", ".join(sorted(column.source_name for column in self._contract.columns))
                raise refusal(where, f"column {cell.column} cannot be read ({error.reject}).", allowed, "write plain texts.") from None
        covered = {place: (block.top, block.left) for block in self._blocks for place in _places(block, wanted)}
        width = max((column for _, column in [*texts, *covered]), default=0)
        names = []
        for column in range(1, width + 1):
            anchors = dict.fromkeys(covered.get((row, column), (row, column)) for row in wanted)
            names.append("/".join(text for anchor in anchors if (text := texts.get(anchor))))
        while names and not names[-1]:
            names.pop()
        return names

    def _record(self, number: int, found: Sequence[Cell], columns: Sequence[Column], places: Sequence[int]) -> Record | None:
        """Return the record of a row, None where all its cells are empty texts."""
        texts: list[str | None] = [None] * len(columns)
        try:
            for cell in found:
                inside = cell.column <= len(columns)
                text = self._meaning.text(cell, columns[cell.column - 1] if inside else None)
                if text is not None and not inside:
                    raise BrokenRecordError("too_many_fields")
                if inside:
                    texts[cell.column - 1] = text
            if not any(texts) and all(cell.formula is None for cell in found):
                return None
            below = bisect_right(self._hiding[0], number) - 1
            if below >= 0 and number <= self._hiding[1][below]:
                raise BrokenRecordError("merged_cell")
        except BrokenRecordError as error:
            return Record(number, None, error.reject, _raw(found, self._meaning))
        return Record(number, tuple(texts[place] for place in places))


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


def _raw(found: Sequence[Cell], meaning: Meaning) -> bytes:
    """Return what stood in the cells of a row, by column, for the people who have to correct it."""
    held = {str(cell.column): f"={cell.formula}" if cell.formula is not None else _as_written(cell, meaning) for cell in found}
    return json.dumps(held, ensure_ascii=False).encode("utf-8", "replace")[:MAX_RECORD_BYTES]


def _as_written(cell: Cell, meaning: Meaning) -> str:
    return meaning.strings[int(cell.value or 0)] if cell.kind == "s" else cell.inline or cell.value or ""
