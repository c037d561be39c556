"""Make the payloads of a recipient: Parquet files for recipients with a database, one workbook for recipients with a spreadsheet."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from lakehouse.returns.compiler import ROW_KEY, ROW_KEY_COLUMN, Plan
from lakehouse.returns.disclosure import row_seal
from lakehouse.returns.list_layout import CHANGES_SUFFIX, changes_sheet, rows_sheet
from lakehouse.returns.wording import ARROW_TYPES, FIRST_TIME, NO_CHANGE, PARQUET, media_type
from lakehouse.returns.workbook import file as workbook
from lakehouse.returns.workbook.pages import Cover, Kind, Sheet

SUFFIXES = {PARQUET: "parquet", workbook.MEDIA_TYPE: "xlsx"}
DESCRIPTION = "huiliu.columns"  # the key of a Parquet file's metadata under which its columns are described, for readers without Arrow


@dataclass(frozen=True)
class Form:
    """A form of a return: `rows` (all rows the recipient should hold now) or `changes` (since the package before).

    `key` is the recipient's own, from which a workbook's rows get their seals; `described` is what a Parquet file says of its columns.
    """

    plan: Plan
    name: str
    table: pa.Table
    key: bytes = b""
    described: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """The content of one file: its forms, and in a workbook a cover before them and the recipient's title above printed pages."""

    forms: tuple[Form, ...]
    cover: Cover | None = None
    title: str = ""


@dataclass(frozen=True)
class Payload:
    """The bytes of one file."""

    media_type: str
    content: bytes
    sha256: str


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
    told = [[column.name, column.label, column.payload_type, column.is_hidden, column.is_correctable] for column in columns]
    head = [workbook.LAYOUT, form.plan.name, form.name, told, list(form.plan.answers), dict(form.described)]
    return _hash(head, *(form.table[name] for name in form.table.column_names))


def cover_sha256(cover: Cover) -> str:
    """Return the hash of what a cover says, without what would give an unchanged file other bytes.

    That is the date of its content, and whether a list was there for the first time then: where nothing has changed since, it still was.
    """
    lines = [[line.style, *(NO_CHANGE if cell == FIRST_TIME else cell for cell in line.cells)] for line in cover.lines]
    return _hash([workbook.LAYOUT, cover.name, lines])


def read_rows(content: bytes | CalamineWorkbook, sheet: str | None, kinds: Mapping[str, tuple[str, Kind]]) -> pa.Table:
    """Return the rows of an earlier payload (a file, or a workbook already open) as text, under their column names.

    `kinds` are the header and the kind of the cells of each column, by name. Columns that only a workbook has are left away.
    """
    if isinstance(content, bytes) and sheet is None:
        table = pq.read_table(io.BytesIO(content))
        return pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    rows = workbook.read_sheet(content, str(sheet), dict(kinds.values()))
    begin = rows[0].index(kinds[ROW_KEY][0])
    columns = list(zip(*(row[begin : begin + len(kinds)] for row in rows[1:]), strict=True)) or [() for _ in kinds]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(kinds, columns, strict=True)})


def _hash(head: object, *columns: pa.ChunkedArray) -> str:
    found = hashlib.sha256(json.dumps(head, ensure_ascii=False).encode())
    for column in columns:
        found.update(json.dumps(column.to_pylist(), ensure_ascii=False, separators=(",", ":")).encode())
    return found.hexdigest()


def _parquet(form: Form) -> bytes:
    columns = {ROW_KEY: ROW_KEY_COLUMN} | {column.name: column for column in form.plan.columns}
    fields, arrays = [], []
    for name in form.table.column_names:
        type_ = ARROW_TYPES[columns[name].payload_type] if name in columns else pa.string()
        said = json.loads(form.described.get(name, "{}"))
        metadata = {key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for key, value in said.items()}
        fields.append(pa.field(name, type_, metadata=metadata or None))
        arrays.append(form.table[name].cast(type_))
    whole = json.dumps({name: json.loads(text) for name, text in form.described.items()}, ensure_ascii=False)
    buffer = io.BytesIO()
    schema = pa.schema(fields, metadata={DESCRIPTION: whole})
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def _workbook(file: File) -> bytes:
    return workbook.write_workbook([_sheet(form, file.title) for form in file.forms], file.cover)


def _sheet(form: Form, title: str) -> Sheet:
    heading = f"{title}　{form.plan.name}"
    if form.name == "rows":
        seals = [row_seal(form.key, form.plan.return_id, row) for row in form.table[ROW_KEY].to_pylist()]
        return rows_sheet(form.plan, form.table, seals, heading)
    return changes_sheet(form.plan, form.table, heading)
