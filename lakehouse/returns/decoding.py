"""Decode written payloads into columns of text for their inspection. Shares no code with the writer."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

ROW_KEY, OPERATION, FIELD, BEFORE, AFTER = "_row_key", "_op", "_field", "_before", "_after"
WORDS = {"新增": "I", "变更": "U", "删除": "D"}
OF_A_LIST = ("序号", "行标识")
OF_CHANGES = {OPERATION: "操作", ROW_KEY: "行标识"}
OF_A_CHANGE = {FIELD: "变更项", BEFORE: "原值", AFTER: "现值"}
TO_WRITE, SEAL = ("核实结果", "有误的项", "更正为", "备注"), "行校验"
SEALED = re.compile("[A-Z2-7]{16}")
Columns = dict[str, list[str | None]]


@dataclass(frozen=True)
class Expected:
    """A column that a payload should have: its name, its heading in a workbook, and the type of its values."""

    name: str
    label: str
    type: str


def of_table(content: bytes, names: Sequence[str]) -> Columns | None:
    """Return the columns of a Parquet file, None where it has others."""
    table = pq.read_table(io.BytesIO(content), page_checksum_verification=True)
    return {name: table[name].cast(pa.string()).to_pylist() for name in names} if table.column_names == list(names) else None


def of_list(content: bytes, sheet: str, expected: Sequence[Expected]) -> Columns | None:
    """Return row keys and columns of a list in a workbook; None where it has others, an answer is filled in, or a seal is missing."""
    header, rows = _sheet(content, sheet)
    due = [*OF_A_LIST, *(one.label for one in expected)]
    rest = header[len(due) :]
    if header[: len(due)] != due or rest != [*(one for one in TO_WRITE if one in rest), *([SEAL] if SEAL in rest else [])]:
        return None
    for row in rows:
        written = row[len(due) :]
        seals = written[-1:] if SEAL in rest else []
        if any(cell != "" for cell in written[: len(written) - len(seals)]) or not all(SEALED.fullmatch(str(seal)) for seal in seals):
            return None
    columns: Columns = {ROW_KEY: [_text(row[1], "string") for row in rows]}
    return columns | {one.name: [_text(row[place], one.type) for row in rows] for place, one in enumerate(expected, len(OF_A_LIST))}


def of_changes(content: bytes, sheet: str, named: Sequence[Expected]) -> Columns | None:
    """Return the columns of a list of changes in a workbook, None where it has others."""
    header, rows = _sheet(content, sheet)
    names = [*OF_CHANGES, *(one.name for one in named), *OF_A_CHANGE]
    if header != [*OF_CHANGES.values(), *(one.label for one in named), *OF_A_CHANGE.values()]:
        return None
    types: Mapping[str, str] = {one.name: one.type for one in named}
    columns: Columns = {name: [_text(row[place], types.get(name, "string")) for row in rows] for place, name in enumerate(names)}
    return {**columns, OPERATION: [WORDS.get(str(word)) for word in columns[OPERATION]]}


def cells_of(content: bytes, sheet: str) -> list[list[str]]:
    """Return the cells of a sheet as texts."""
    header, rows = _sheet(content, sheet)
    return [[str(cell) for cell in row] for row in (header, *rows)]


def _sheet(content: bytes, name: str) -> tuple[list[object], list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    header, *rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return list(header), [list(row) for row in rows]


def _text(cell: object, type_: str) -> str | None:
    if cell == "":
        return None
    if isinstance(cell, datetime):
        return (cell + timedelta(seconds=30)).strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return f"{cell:.2f}" if type_ == "number" else f"{cell:.0f}"
    return str(cell)
