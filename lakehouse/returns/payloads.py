"""Returns the bytes of a recipient's payloads: Parquet for those who have a database, one workbook for those who have a spreadsheet."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse import workbook
from lakehouse.disclosure import NO, YES
from lakehouse.returns.changes import OPERATION
from lakehouse.returns.compiler import ROW_KEY, ROW_KEY_COLUMN, ColumnPlan, LevelPlan

PARQUET = "application/vnd.apache.parquet"
WORKBOOK_LEVELS = ("street", "community", "grid")
SUFFIXES = {PARQUET: "parquet", workbook.MEDIA_TYPE: "xlsx"}
OPERATION_LABEL = "操作"
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
    """A form of a return that has rows: `rows` (all it should hold now) or `changes`."""

    plan: LevelPlan
    name: str
    table: pa.Table


@dataclass(frozen=True)
class Payload:
    """The bytes of one file."""

    media_type: str
    content: bytes
    sha256: str


def media_type(level: str) -> str:
    """Returns in which format a level receives its payloads."""
    return workbook.MEDIA_TYPE if level in WORKBOOK_LEVELS else PARQUET


def sheet_name(plan: LevelPlan, form: str) -> str:
    """Returns the name of a form's sheet in a workbook."""
    return plan.name if form == "rows" else f"{plan.name}·变更"


def files(level: str, forms: Sequence[Form]) -> list[tuple[Form, ...]]:
    """Returns which forms share a file: each has its own, or all are sheets of one workbook; an empty form is in none."""
    filled = tuple(form for form in forms if form.table.num_rows)
    if media_type(level) == PARQUET:
        return [(form,) for form in filled]
    return [filled] if filled else []


def payload(forms: tuple[Form, ...]) -> Payload:
    """Returns the bytes of a file with these forms; the same forms have the same bytes."""
    media = media_type(forms[0].plan.level)
    content = _parquet(forms[0]) if media == PARQUET else workbook.write_workbook([_sheet(form) for form in forms])
    return Payload(media, content, hashlib.sha256(content).hexdigest())


def delivered(rows: pa.Table, plan: LevelPlan) -> pa.Table:
    """Returns the rows with the texts as this level reads them."""
    if media_type(plan.level) == PARQUET:
        return rows
    for column in plan.columns:
        if column.payload_type == "boolean":
            place = rows.column_names.index(column.name)
            rows = rows.set_column(place, column.name, pc.if_else(pc.equal(rows[column.name], "true"), YES, _no(rows[column.name])))
    return rows


def read_rows(content: bytes, sheet: str | None, names: Sequence[str]) -> pa.Table:
    """Returns the rows of an earlier payload as text, under their column names."""
    if sheet is None:
        table = pq.read_table(io.BytesIO(content))
        return pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    columns = list(zip(*workbook.read_sheet(content, sheet), strict=True)) or [() for _ in names]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})


def _no(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_valid(values), NO, pa.scalar(None, pa.string()))


def _parquet(form: Form) -> bytes:
    typed = {name: form.table[name].cast(_arrow_type(form.plan, name)) for name in form.table.column_names}
    buffer = io.BytesIO()
    pq.write_table(pa.table(typed), buffer, compression="zstd", write_page_checksum=True, store_schema=False)
    return buffer.getvalue()


def _arrow_type(plan: LevelPlan, name: str) -> pa.DataType:
    column = _columns(plan).get(name)
    return ARROW_TYPES[column.payload_type] if column else pa.string()


def _sheet(form: Form) -> workbook.Sheet:
    columns = _columns(form.plan)
    names = form.table.column_names
    labels = tuple(OPERATION_LABEL if name == OPERATION else columns[name].label for name in names)
    return workbook.Sheet(sheet_name(form.plan, form.name), labels, [form.table[name].to_pylist() for name in names])


def _columns(plan: LevelPlan) -> dict[str, ColumnPlan]:
    return {ROW_KEY: ROW_KEY_COLUMN} | {column.name: column for column in plan.columns}
