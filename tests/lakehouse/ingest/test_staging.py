"""Staging: one unreadable file never keeps its siblings away, and remarks about those that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError
from lakehouse.ingest.landing import landed_path, open_landed
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.staging import Staged, stage
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed
from tests.lakehouse.ingest.readers.books import Book, body
from tests.lakehouse.ingest.readers.contract import PROVIDER, contract

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
    with pytest.raises(ConfigError, match=f"batch gone of {of.code}:\n  its landed bytes are no longer kept"):
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
