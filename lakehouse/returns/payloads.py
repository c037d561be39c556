"""Make the payloads of a recipient: Parquet files for recipients with a database, one workbook for recipients with a spreadsheet."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from lakehouse.returns import workbook
from lakehouse.returns.changes import OPERATION
from lakehouse.returns.compiler import ROW_KEY, ROW_KEY_COLUMN, ColumnPlan, Plan
from lakehouse.returns.disclosure import NO, YES
from lakehouse.returns.model import Audience
from lakehouse.text.cells import ALWAYS_FIT, fitting

PARQUET = "application/vnd.apache.parquet"
WORKBOOK_LEVELS = ("street", "community", "grid")
SUFFIXES = {PARQUET: "parquet", workbook.MEDIA_TYPE: "xlsx"}
OPERATION_LABEL = "操作"
CHANGES_SUFFIX = "·变更"
OPERATIONS = {"I": "新增", "U": "变更", "D": "删除"}
COLOURS = {"新增": "#E2EFDA", "变更": "#FFF2CC", "删除": "#F8CBAD"}
ARROW_TYPES = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "integer": pa.int64(),
    "number": pa.decimal128(18, 2),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True)
class Form:
    """A form of a return: `rows` (all rows the recipient should hold now) or `changes` (since the package before)."""

    plan: Plan
    name: str
    table: pa.Table


@dataclass(frozen=True)
class File:
    """The content of one file: its forms, and in a workbook a cover before them."""

    forms: tuple[Form, ...]
    cover: workbook.Cover | None = None


@dataclass(frozen=True)
class Payload:
    """The bytes of one file."""

    media_type: str
    content: bytes
    sha256: str


@dataclass(frozen=True)
class Reading:
    """What is needed to show values to people: labels of codes by code table, and the local time zone."""

    labels: Mapping[str, Mapping[str, str]]
    timezone: str


def media_type(audience: Audience) -> str:
    """Return the media type of an audience's payloads: workbook for street, community and grid, else Parquet."""
    return workbook.MEDIA_TYPE if audience.name in WORKBOOK_LEVELS else PARQUET


def sheet_name(plan: Plan, form: str) -> str:
    """Return the name of a form's sheet in a workbook."""
    return plan.name if form == "rows" else f"{plan.name}{CHANGES_SUFFIX}"


def payload(file: File) -> Payload:
    """Return the payload of a file; the same forms and cover give the same bytes."""
    media = media_type(file.forms[0].plan.audience)
    content = _parquet(file.forms[0]) if media == PARQUET else _workbook(file)
    return Payload(media, content, hashlib.sha256(content).hexdigest())


def content_sha256(form: Form) -> str:
    """Return the hash of everything that decides the bytes of a form, without making the bytes."""
    columns = [ROW_KEY_COLUMN, *form.plan.columns]
    described = [[column.name, column.label, column.payload_type] for column in columns]
    return _hash([workbook.LAYOUT, form.plan.name, form.name, described], *(form.table[name] for name in form.table.column_names))


def cover_sha256(cover: workbook.Cover) -> str:
    """Return the hash of everything that decides the bytes of a cover."""
    return _hash([workbook.LAYOUT, cover.name, [[line.style, *line.cells] for line in cover.lines]])


def delivered(rows: pa.Table, plan: Plan, reading: Reading) -> pa.Table:
    """Return the rows with the texts this audience receives; rows for a workbook are sorted as the return declares."""
    is_list = media_type(plan.audience) == workbook.MEDIA_TYPE
    for column in plan.columns:
        place = rows.column_names.index(column.name)
        values = _read_by_people(rows[column.name], column, reading) if is_list else _canonical(rows[column.name], column)
        rows = rows.set_column(place, column.name, values)
    return rows.sort_by([(name, "ascending") for name in (*plan.sort_by, ROW_KEY)]) if is_list else rows


def read_rows(content: bytes | CalamineWorkbook, sheet: str | None, names: Sequence[str]) -> pa.Table:
    """Return the rows of an earlier payload (a file, or a workbook already open) as text, under their column names."""
    if isinstance(content, bytes) and sheet is None:
        table = pq.read_table(io.BytesIO(content))
        return pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    columns = list(zip(*workbook.read_sheet(content, str(sheet)), strict=True)) or [() for _ in names]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})


def _hash(head: object, *columns: pa.ChunkedArray) -> str:
    found = hashlib.sha256(json.dumps(head, ensure_ascii=False).encode())
    for column in columns:
        found.update(json.dumps(column.to_pylist(), ensure_ascii=False, separators=(",", ":")).encode())
    return found.hexdigest()


def _read_by_people(values: pa.ChunkedArray, column: ColumnPlan, reading: Reading) -> pa.ChunkedArray:
    if column.payload_type == "boolean":
        told = pc.if_else(pc.equal(values, "true"), YES, NO)
        return pc.if_else(pc.is_valid(values), told, pa.scalar(None, pa.string()))
    if column.payload_type == "timestamp":
        return pc.strftime(pc.local_timestamp(values.cast(pa.timestamp("s", reading.timezone))), "%Y-%m-%d %H:%M")
    if column.codes is not None:
        labels = reading.labels[column.codes]
        values = pa.chunked_array([[f"{code} {labels[code]}" if code in labels else code for code in values.to_pylist()]], pa.string())
    return _fitting(values)


def _fitting(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts as a workbook's cells can hold them: the door lets no longer ones in, but some grow on their way (ß becomes SS)."""
    if (pc.max(pc.binary_length(values)).as_py() or 0) <= ALWAYS_FIT:
        return values
    return pa.chunked_array([[text if text is None else fitting(text) for text in values.to_pylist()]], pa.string())


def _canonical(values: pa.ChunkedArray, column: ColumnPlan) -> pa.ChunkedArray:
    """Return the texts in the form a reader of the payload gets them, so that a mere difference of spelling does not count as a change."""
    if column.payload_type == "string":
        return values
    return values.cast(ARROW_TYPES[column.payload_type]).cast(pa.string())


def _parquet(form: Form) -> bytes:
    columns = _columns(form.plan)
    typed = {
        name: form.table[name].cast(ARROW_TYPES[columns[name].payload_type]) if name in columns else form.table[name]
        for name in form.table.column_names
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(typed), buffer, compression="zstd", write_page_checksum=True, store_schema=False)
    return buffer.getvalue()


def _workbook(file: File) -> bytes:
    return workbook.write_workbook([_sheet(form) for form in file.forms], file.cover)


def _sheet(form: Form) -> workbook.Sheet:
    columns = _columns(form.plan)
    names = form.table.column_names
    labels = tuple(OPERATION_LABEL if name == OPERATION else columns[name].label for name in names)
    cells = [form.table[name].to_pylist() for name in names]
    if form.name == "rows":
        return workbook.Sheet(sheet_name(form.plan, form.name), labels, cells)
    cells[0] = [OPERATIONS[letter] for letter in cells[0]]
    return workbook.Sheet(sheet_name(form.plan, form.name), labels, cells, 2, COLOURS)


def _columns(plan: Plan) -> dict[str, ColumnPlan]:
    return {ROW_KEY: ROW_KEY_COLUMN} | {column.name: column for column in plan.columns}
