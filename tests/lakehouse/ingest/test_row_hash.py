"""The hash of a row keeps its form, whether rows are hashed one by one or many together."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.ingest.row_hash import added_places, row_hash, row_hashes
from tests.lakehouse.ingest.readers.contract import column, contract

pytestmark = pytest.mark.fast

# Recorded before a column could be added: tables hold hashes in this form, and every row of them must keep its own.
RECORDED = {
    ("1", "周立夏"): "bfdae0c48271119427d3071a2c849c89d324347db25dad8f6acf0e5c53cb628d",
    ("1", None): "696158c81c3376fb2b31e9173e6be643076e5476717309c35181f1cfca12c592",
    ("1", ""): "e49c54607d4563900180422961214ede2725fefa8dcf96108a538a220a1862e5",
    (): "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
}


def test_hashes_have_the_form_that_tables_hold() -> None:
    assert {texts: row_hash(texts) for texts in RECORDED} == RECORDED


def test_a_row_without_an_added_column_keeps_its_hash_wherever_that_column_stands() -> None:
    of = contract("csv", columns=[column("id", key=True), column("mail", added="1.1.0"), column("name"), column("fax", added="1.2.0")])
    added = added_places(of)
    assert added == {1: "mail", 3: "fax"}
    for nothing in (None, ""):
        assert row_hash(("1", nothing, "周立夏", nothing), added) == RECORDED["1", "周立夏"]
    said = row_hash(("1", "m", "周立夏", None), added)
    assert said not in {*RECORDED.values(), row_hash(("1", None, "周立夏", "m"), added), row_hash(("1", "m", "周立夏"))}
    moved = contract("csv", columns=[column("id", key=True), column("name"), column("fax", added="1.2.0"), column("mail", added="1.1.0")])
    assert row_hash(("1", "周立夏", None, "m"), added_places(moved)) == said
    renamed = contract("csv", columns=[column("id", key=True), column("name"), column("post", added="1.1.0", renamed_from=["mail"])])
    assert row_hash(("1", "周立夏", "m"), added_places(renamed)) == said


CELLS = st.none() | st.text(st.sampled_from('ab,"\\\n\t\x00\x01\x7f\u2028 张𠮷{}[]'), max_size=4) | st.text(max_size=6)
ADDED = ({}, {1: "mail"}, {3: "fax", 1: "mail"}, {0: "b", 1: "a", 2: "c", 3: "d"})


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=8), added=st.sampled_from(ADDED), first=st.integers(0, 8))
def test_rows_hashed_together_have_the_hashes_they_have_alone(
    rows: list[tuple[str | None, ...]], added: dict[int, str], first: int
) -> None:
    """Also those of a part of a column, which begins behind the column's own first row."""
    columns = [pa.array([row[place] for row in rows], pa.string()).slice(first) for place in range(4)]
    assert row_hashes(columns, added).to_pylist() == [row_hash(row, added) for row in rows[first:]]
