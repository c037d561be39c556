"""Turn disclosed values into the texts an audience receives: as they are for a database, in people's words and order for a spreadsheet."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.naming import LEVELS
from lakehouse.returns.compiler import ROW_KEY, ColumnPlan, Plan
from lakehouse.returns.disclosure import NO, YES
from lakehouse.returns.model import Audience, WorkbookLevel
from lakehouse.returns.workbook.file import MEDIA_TYPE
from lakehouse.text.cells import ALWAYS_FIT, fitting

PARQUET = "application/vnd.apache.parquet"
WORKBOOK_LEVELS: tuple[str, ...] = get_args(WorkbookLevel)
PENDING = "待定"
FIRST_TIME, NO_CHANGE = "首次提供", "没有变化"
ARROW_TYPES = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "integer": pa.int64(),
    "number": pa.decimal128(18, 2),
    "boolean": pa.bool_(),
}
STORED_ZONE = "UTC"
DIGITS = re.compile(r"(\d+)")
REGIONS = re.compile(
    r"\D*(?:省|市|区|县|镇|乡|街道|社区)(?=\D*\d)"
)  # with which some addresses begin, and others of the same street do not
Natural = tuple[bool, tuple[str | int, ...]]


@dataclass(frozen=True)
class Reading:
    """What is needed to show values to people: labels of codes by code table, and the local time zone."""

    labels: Mapping[str, Mapping[str, str]]
    timezone: str


def media_type(audience: Audience) -> str:
    """Return the media type of an audience's payloads: workbook for street, community and grid, else Parquet."""
    return MEDIA_TYPE if audience.name in WORKBOOK_LEVELS else PARQUET


def delivered(rows: pa.Table, plan: Plan, reading: Reading) -> pa.Table:
    """Return the rows with the texts this audience receives; rows for a workbook are sorted as the return declares."""
    is_list = media_type(plan.audience) == MEDIA_TYPE
    if is_list:
        rows = rows.take(walking_order(rows, plan))
    for column in plan.columns:
        place = rows.column_names.index(column.name)
        values = _in_words(rows[column.name], column, plan, reading) if is_list else _canonical(rows[column.name], column)
        rows = rows.set_column(place, column.name, values)
    return rows


def walking_order(rows: pa.Table, plan: Plan) -> pa.Array:
    """Return the places of the rows in the declared order: numbers in texts count as numbers (2号 before 10号), gaps come last."""
    keys = [[natural(text) for text in rows[name].to_pylist()] for name in (*plan.sort_by, ROW_KEY)]
    order = sorted(range(rows.num_rows), key=lambda place: [column[place] for column in keys])
    return pa.array(order, pa.int64())


def natural(text: str | None) -> Natural:
    """Return what a text is sorted by: its parts, those of digits as numbers, of an address from the road on; a missing text comes last."""
    plain = unicodedata.normalize("NFKC", text or "")
    parts = DIGITS.split(REGIONS.sub("", plain, count=1) if REGIONS.match(plain) else plain)
    return text is None, tuple(int(part) if place % 2 else part for place, part in enumerate(parts))


def described(rows: pa.Table, plan: Plan, reading: Reading) -> dict[str, str]:
    """Return what a database should know of each column, as JSON by column: its label, the labels of the codes in it, time zones."""
    found = {}
    for column in plan.columns:
        said: dict[str, object] = {"label": column.label}
        if column.codes is not None:
            labels = reading.labels[column.codes]
            codes = sorted(code for code in pc.unique(rows[column.name]).to_pylist() if code in labels)
            said["codes"] = {code: labels[code] for code in codes}
        if column.payload_type == "timestamp":
            said |= {"timezone": STORED_ZONE, "local_timezone": reading.timezone}
        found[column.name] = json.dumps(said, ensure_ascii=False)
    return found


def _in_words(values: pa.ChunkedArray, column: ColumnPlan, plan: Plan, reading: Reading) -> pa.ChunkedArray:
    if column.payload_type == "boolean":
        told = pc.if_else(pc.equal(values, "true"), YES, NO)
        return pc.if_else(pc.is_valid(values), told, pa.scalar(None, pa.string()))
    if column.payload_type == "timestamp":
        return pc.strftime(pc.local_timestamp(values.cast(pa.timestamp("s", reading.timezone))), "%Y-%m-%d %H:%M")
    if column.codes is not None:
        labels = reading.labels[column.codes]
        values = pa.chunked_array([[labels.get(code, code) for code in values.to_pylist()]], pa.string())
    elif column.payload_type == "number":
        values = _canonical(values, column)
    if column.name in _below(plan):
        values = pc.fill_null(values, PENDING)
    return _fitting(values)


def _below(plan: Plan) -> set[str]:
    """Return the columns of the places below the recipient's level."""
    return {f"{level}_code" for level in LEVELS[LEVELS.index(plan.level) + 1 :]}


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
