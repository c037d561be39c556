"""Staging: readable workbooks beside refused ones, and the remarks about them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.staging import stage
from lakehouse.naming import landing_prefix
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed
from tests.lakehouse.ingest.readers.books import Book, body
from tests.lakehouse.ingest.readers.contract import PROVIDER, contract

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)


def test_workbooks_are_staged_refused_or_remarked_upon(tmp_path: Path) -> None:
    of = contract("csv", "甲", "乙", source={"kind": "xlsx", "path": "t/{date}_{n}.xlsx", "sheet": "表"})
    landing, lake = Area((tmp_path / "landing").as_uri()), Area((tmp_path / "lake").as_uri())
    books = {
        "plain": Book(body(("1", "2"))),
        "hiding": Book(body(("1", "2"), ("3", "")), others={"底稿": "hidden"}),
        "other": Book("", name="x"),
    }
    batches = []
    for number, (name, book) in enumerate(books.items(), 1):
        landed = Landed(name, of.code, PROVIDER, DAY, "", number, DAY, f"{name}.xlsx", 0, -1)
        landing.put_new(f"{landing_prefix(of.code, DAY, name)}/{name}.xlsx", book.content())
        with open_landed(landing, landed) as stream:
            received = reader_of(of).count(stream, of)
        batches.append(Landed(name, of.code, PROVIDER, DAY, "", number, DAY, f"{name}.xlsx", 0, received))
    staged = stage((landing, lake), of, batches, DAY)
    assert dict(staged.rows) == {"plain": 1, "hiding": 2}
    assert staged.remarks == {"hiding": ["hidden sheets that are not read: 2 of 2"]}
    assert list(staged.refused) == ["other"]
    assert "there is no sheet 表" in staged.refused["other"]
