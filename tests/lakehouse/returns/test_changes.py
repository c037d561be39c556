"""Applying the changes to yesterday's rows gives today's rows."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.returns.changes import changes, count

pytestmark = pytest.mark.fast

CELLS = st.one_of(st.none(), st.sampled_from(["a", "b", "甲"]))
ROWS = st.dictionaries(st.sampled_from("ABCDEFG"), st.tuples(CELLS, CELLS))


def table(rows: dict[str, tuple[str | None, str | None]]) -> pa.Table:
    keys = sorted(rows)
    columns = {"_row_key": keys, "x": [rows[key][0] for key in keys], "y": [rows[key][1] for key in keys]}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


@given(ROWS, ROWS)
@settings(deadline=None)
def test_applying_the_changes_to_the_rows_before_gives_the_rows_now(
    before: dict[str, tuple[str | None, str | None]], now: dict[str, tuple[str | None, str | None]]
) -> None:
    found = changes(table(now), table(before))
    applied = dict(before)
    for row in found.to_pylist():
        assert (row["_op"] == "I") == (row["_row_key"] not in before)
        if row["_op"] == "D":
            assert row["x"] is row["y"] is None
            del applied[row["_row_key"]]
        else:
            assert applied.get(row["_row_key"]) != (row["x"], row["y"])
            applied[row["_row_key"]] = (row["x"], row["y"])
    assert applied == now
    assert found["_row_key"].to_pylist() == sorted(found["_row_key"].to_pylist())
    assert sum(count(found, letter) for letter in "IUD") == found.num_rows


def test_another_set_of_columns_updates_every_row() -> None:
    now = table({"A": ("a", "b")})
    assert changes(now, now.drop_columns(["y"]))["_op"].to_pylist() == ["U"]
