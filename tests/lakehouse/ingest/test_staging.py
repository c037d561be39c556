"""Staging: one unreadable file never keeps its siblings away, and remarks about those that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.ingest.landing import landed_path, open_landed
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.row_hash import added_places, row_hash
from lakehouse.ingest.staging import Staged, stage
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed
from tests.lakehouse.ingest.readers.books import Book, body
from tests.lakehouse.ingest.readers.contract import PROVIDER, column, contract

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)


def staged_of(folder: Path, of: Contract, files: Mapping[str, bytes]) -> Staged:
    """Land files as batches of a step, counted as landing counts them, and stage them."""
    landing, lake = Area((folder / "landing").as_uri()), Area((folder / "lake").as_uri())
    batches = []
    for number, (name, content) in enumerate(files.items(), 1):
        landed = Landed(name, of.code, PROVIDER, DAY, "", number, DAY, f"{name}.file", 0, -1)
        landing.put_new(landed_path(landed), content)
        with open_landed(landing, landed) as stream:
            batches.append(replace(landed, received=reader_of(of).count(stream, of)))
    return stage((landing, lake), of, batches, DAY)


UNREADABLE = {
    "utf16_without_mark": ("id,name\n1,周立夏\n".encode("utf-16-le"), "without a byte order mark"),
    "half_a_utf16": (b"\xff", "cannot be read as utf-16 (undecodable)"),
    "utf8": ("id,name\n1,周立夏\n".encode(), "written in UTF-8"),
    "nothing": (b"", "cannot be read as utf-16 (blank_line)"),
    "zeros": (bytes(4096), "does not begin with a byte order mark"),
    "only_the_mark": (b"\xff\xfe", "cannot be read as utf-16 (blank_line)"),
}


def test_a_file_costs_its_siblings_nothing(tmp_path: Path) -> None:
    of = contract("csv", "id", "name", source={"kind": "csv", "path": "t/{date}_{n}.csv", "encoding": "utf-16"})
    good = "id,name\n1,周立夏\n2,林晓\n".encode("utf-16")
    files = {"first": good, **{name: content for name, (content, _) in UNREADABLE.items()}, "last": good + b"\x00"}
    staged = staged_of(tmp_path, of, files)
    assert dict(staged.rows) == {"first": 2, "last": 3}
    assert staged.refused.keys() == UNREADABLE.keys()
    for name, (_, said) in UNREADABLE.items():
        assert said in staged.refused[name]
        assert staged.refused[name].startswith(f"{name}.file:")
        assert "周立夏" not in staged.refused[name]


def test_a_store_without_the_bytes_ends_the_step(tmp_path: Path) -> None:
    of = contract("jsonl", "a")
    landing, lake = Area((tmp_path / "landing").as_uri()), Area((tmp_path / "lake").as_uri())
    with pytest.raises(FileNotFoundError):
        stage((landing, lake), of, [Landed("gone", of.code, PROVIDER, DAY, "", 1, DAY, "gone.jsonl", 0, 1)], DAY)


def test_workbooks_are_staged_refused_or_remarked_upon(tmp_path: Path) -> None:
    of = contract("csv", "甲", "乙", source={"kind": "xlsx", "path": "t/{date}_{n}.xlsx", "sheet": "表"})
    books = {
        "plain": Book(body(("1", "2"))),
        "hiding": Book(body(("1", "2"), ("3", "")), others={"底稿": "hidden"}),
        "other": Book("", name="x"),
    }
    staged = staged_of(tmp_path, of, {name: book.content() for name, book in books.items()})
    assert dict(staged.rows) == {"plain": 1, "hiding": 2}
    assert staged.remarks == {"hiding": ["hidden sheets that are not read: 2 of 2"]}
    assert list(staged.refused) == ["other"]
    assert "there is no sheet 表" in staged.refused["other"]


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
