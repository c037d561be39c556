"""Turn the rows due to one recipient into the disclosed content of its returns: values it may not see are transformed or dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.returns.compiler import ROW_KEY, ColumnPlan, Plan
from lakehouse.returns.disclosure import disclose, is_under, recipient_key, row_key
from lakehouse.returns.tasks import Holder, Otherwise, loosening

# The input of the writer: one row per due row. `values` holds the return's columns as text, in order. Every recipient also has one row
# whose `return_id` is null, so that a recipient without due rows appears. The rows of one recipient are adjacent.
DUE_ROWS = pa.schema(
    [
        ("recipient_id", pa.string()),
        ("return_id", pa.string()),
        ("row_id", pa.string()),
        ("born", pa.string()),
        ("id_no", pa.string()),
        ("is_pending", pa.bool_()),
        ("values", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class Content:
    """A return's content for a recipient: its rows as text, by row key, and how many have a pending locality (place below not known).

    `shown_by_tasks` is the number of rows that show more because a task about them is open. `otherwise` holds, by column and row key, what
    a cell would hold if that were the other way round, of rows that tasks are about now or were before.
    """

    plan: Plan
    rows: pa.Table
    pending: int
    shown_by_tasks: int = 0
    otherwise: Otherwise = field(default_factory=dict)


def by_recipient(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, pa.Table]]:
    """Yield each recipient id with its rows; the rows of one recipient must be adjacent in the input."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        for part in _runs(batch):
            if waiting and waiting[0]["recipient_id"][0] != part["recipient_id"][0]:
                yield _collected(waiting)
                waiting = []
            waiting.append(part)
    if waiting:
        yield _collected(waiting)


def content(rows: pa.Table, plan: Plan, holder: Holder, business_date: date) -> Content:
    """Return the content of one return for a recipient, made from its due rows."""
    own = rows.filter(pc.equal(rows["return_id"], plan.return_id)).combine_chunks()
    key = recipient_key(holder.secret, holder.recipient_id)
    keys = [row_key(key, row) for row in own["row_id"].to_pylist()]
    columns: dict[str, pa.Array | pa.ChunkedArray] = {ROW_KEY: pa.array(keys, pa.string())}
    minors, by_tasks = _minors(own, plan, business_date), loosening(own, plan, holder, business_date)
    otherwise = {}
    for column in plan.columns:
        values = pc.list_element(own["values"], column.position)
        columns[column.name] = _disclosed(values, column, minors, business_date.year)
        if column.task_transform is not None and (by_tasks.now or by_tasks.before):
            hidden = columns[column.name].to_pylist()
            shown, other = by_tasks.loosen(values.to_pylist(), hidden, column, business_date.year)
            columns[column.name] = pa.array(shown, pa.string())
            otherwise[column.name] = {keys[place]: text for place, text in other.items()}
    pending = pc.sum(own["is_pending"]).as_py() or 0
    return Content(plan, pa.table(columns).sort_by(ROW_KEY), pending, len(by_tasks.now), otherwise)


def _disclosed(values: pa.ChunkedArray, column: ColumnPlan, minors: list[bool], business_year: int) -> pa.Array | pa.ChunkedArray:
    if column.transform == "raw" and column.minor_transform is None:
        return values
    texts = values.to_pylist()
    shown = [disclose(text, column.transform, column.mask, business_year) for text in texts]
    if column.minor_transform is not None:
        for place, is_minor in enumerate(minors):
            if is_minor:
                shown[place] = disclose(texts[place], column.minor_transform, column.minor_mask, business_year)
    return pa.array(shown, pa.string())


def _minors(rows: pa.Table, plan: Plan, business_date: date) -> list[bool]:
    if not any(column.minor_transform for column in plan.columns):
        return []
    people = zip(rows["born"].to_pylist(), rows["id_no"].to_pylist(), strict=True)
    return [is_under(plan.minors_under, born, id_no, business_date) for born, id_no in people]


def _runs(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    if batch.num_rows == 0:
        return
    encoded = pc.run_end_encode(batch["recipient_id"])
    start = 0
    for end in encoded.run_ends.to_pylist():
        yield batch.slice(start, end - start)
        start = end


def _collected(parts: list[pa.RecordBatch]) -> tuple[str, pa.Table]:
    return parts[0]["recipient_id"][0].as_py(), pa.Table.from_batches(parts)
