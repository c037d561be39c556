"""The changes form of a return: what differs between two states of its rows for one recipient (inserted, updated, deleted)."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.returns.compiler import ROW_KEY, ColumnPlan, Plan
from lakehouse.returns.disclosure import mask_again

OPERATION, FIELD, BEFORE, AFTER = "_op", "_field", "_before", "_after"
BETWEEN, NOTHING = "\x1f", "\x00"
Told = dict[str, str | None]


def changes(now: pa.Table, before: pa.Table) -> pa.Table:
    """Return the changes from the rows before to the rows now, compared by row key, for a database.

    Rows: inserted (I) and updated (U) rows with their present values; deleted rows (D) as tombstones that hold only the row key. Where the
    columns of both states differ, every row that stands in both counts as updated.
    Columns: `_op`, then the columns of `now`; all text.
    """
    keys, old_keys = now[ROW_KEY], before[ROW_KEY]
    places = pc.index_in(keys, value_set=old_keys.combine_chunks())
    is_new = pc.is_null(places)
    is_other = pc.fill_null(pc.not_equal(_joined(now), pc.take(_joined(before), places)), False)
    if now.column_names != before.column_names:
        is_other = pc.invert(is_new)
    operations = pc.if_else(is_new, "I", pc.if_else(is_other, "U", pa.scalar(None, pa.string())))
    written = now.add_column(0, OPERATION, operations).filter(pc.is_valid(operations))
    gone = old_keys.filter(pc.invert(pc.is_in(old_keys, value_set=keys.combine_chunks())))
    tombstones = pa.table({OPERATION: pa.array(["D"] * len(gone), pa.string()), ROW_KEY: gone})
    return pa.concat_tables([written, tombstones], promote_options="default").sort_by(ROW_KEY)


def told_changes(now: pa.Table, before: pa.Table, plan: Plan, comparable: Collection[str]) -> pa.Table:
    """Return the changes from the rows before to the rows now, compared by row key, for people.

    Rows: one per inserted and per deleted row, one per changed value of the others; inserted and updated rows in their order, then the
    deleted ones in theirs. What a value was is told as today's policy allows: only of columns that are shown now as they were then
    (`comparable`), and what is masked now stays masked. Whom a deleted row was about is told in the same way.
    Columns: `_op`, the row key, those that say whom a row is about, `_field` (label of the changed column), `_before`, `_after`; all text.
    """
    columns = [column for column in plan.columns if column.name in comparable]
    differing, then_differing = _differing(now, before, [column.name for column in columns])
    present, then = _by_key(differing, plan.columns), _by_key(then_differing, columns)
    told: list[Told] = []
    for key, row in present.items():
        old = then.pop(key, None)
        named: Told = {ROW_KEY: key, **{name: row[name] for name in plan.named_by}}
        if old is None:
            told.append({OPERATION: "I", **named})
            continue
        for column in columns:
            is_was = mask_again(row[column.name], column), old[column.name]
            if is_was[0] != is_was[1]:
                told.append({OPERATION: "U", **named, FIELD: column.label, BEFORE: is_was[1], AFTER: row[column.name]})
    told += [{OPERATION: "D", ROW_KEY: key, **{name: old.get(name) for name in plan.named_by}} for key, old in then.items()]
    names = (OPERATION, ROW_KEY, *plan.named_by, FIELD, BEFORE, AFTER)
    return pa.table({name: pa.array([one.get(name) for one in told], pa.string()) for name in names})


def count(table: pa.Table, operation: str) -> int:
    """Return the number of rows with an operation (I, U or D); a row of which several values changed counts once."""
    keys = table.filter(pc.equal(table[OPERATION], operation))[ROW_KEY]
    return int(pc.count_distinct(keys).as_py())


def _differing(now: pa.Table, before: pa.Table, names: Collection[str]) -> tuple[pa.Table, pa.Table]:
    """Return the rows of both states without those that are equal in these columns."""
    here, there = (_joined(rows.select([ROW_KEY, *names])) for rows in (now, before))
    kept = now.filter(pc.invert(pc.is_in(here, value_set=there.combine_chunks())))
    return kept, before.filter(pc.invert(pc.is_in(there, value_set=here.combine_chunks())))


def _by_key(rows: pa.Table, columns: Collection[ColumnPlan]) -> dict[str, Told]:
    """Return row key → values of these columns, masked as they are today."""
    cells = {column.name: [mask_again(text, column) for text in rows[column.name].to_pylist()] for column in columns}
    return {key: {name: cells[name][place] for name in cells} for place, key in enumerate(rows[ROW_KEY].to_pylist())}


def _joined(table: pa.Table) -> pa.ChunkedArray:
    columns = [pc.fill_null(table[name], NOTHING) for name in table.column_names]
    return pc.binary_join_element_wise(*columns, BETWEEN)
