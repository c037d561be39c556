"""The changes form of a return: what differs between two states of its rows for one recipient (inserted, updated, deleted)."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.returns.compiler import ROW_KEY

OPERATION = "_op"
BETWEEN, NOTHING = "\x1f", "\x00"


def changes(now: pa.Table, before: pa.Table) -> pa.Table:
    """Return the changes from the rows before to the rows now, compared by row key.

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


def count(table: pa.Table, operation: str) -> int:
    """Return the number of rows with an operation (I, U or D)."""
    return pc.sum(pc.equal(table[OPERATION], operation)).as_py() or 0


def _joined(table: pa.Table) -> pa.ChunkedArray:
    columns = [pc.fill_null(table[name], NOTHING) for name in table.column_names]
    return pc.binary_join_element_wise(*columns, BETWEEN)
