"""The identity of a delivery: its first occurrence is called as ever, a later one otherwise, and old sidecars stay readable."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import pytest

from lakehouse.ingest import landing
from lakehouse.ingest.taken import Shelf, mark_of
from lakehouse.naming import batch_id
from lakehouse.ops.batches import Landed

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)
ONE = Landed("b", "t_thing", "p", DAY, "sha 1", 1, DAY, "t_thing/2026-06-01_1.csv", 1, 1)


def test_the_first_occurrence_of_bytes_is_called_as_before_and_each_further_one_otherwise() -> None:
    names = [batch_id("t_thing", "p", DAY, "sha", number) for number in (1, 2, 3)]
    assert names[0] == batch_id("t_thing", "p", DAY, "sha") == "83831c67143b32ec2e50059bd3d2968a"
    assert len(set(names)) == len(names)


def test_an_occurrence_counts_the_same_bytes_among_those_of_the_provider_and_date() -> None:
    said = [ONE, replace(ONE, content_sha256="sha 2"), replace(ONE, occurrence=2)]
    assert [landing.occurrence(said, sha256) for sha256 in ("sha 1", "sha 2", "sha 3")] == [3, 2, 1]


def test_a_sidecar_written_before_there_were_occurrences_is_of_the_first() -> None:
    facts = {name: value for name, value in asdict(ONE).items() if name != "occurrence"}
    assert landing.parse_sidecar(json.dumps(facts, default=date.isoformat).encode()) == ONE


def test_a_file_replaced_since_it_was_read_is_not_put_away(tmp_path: Path) -> None:
    path = tmp_path / "t_thing" / "2026-06-01_1.csv"
    path.parent.mkdir()
    path.write_text("a\n1\n", "utf-8")
    mark, shelf = mark_of(path), Shelf(tmp_path, DAY)
    path.write_text("a\n1\n2\n", "utf-8")
    shelf.put_away(path, mark)
    assert path.is_file()
    shelf.put_away(path, mark_of(path))
    shelf.put_away(path, mark_of(path))  # it is gone: another run put it away
    assert [one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*.csv")] == ["taken/2026-06-01/t_thing/2026-06-01_1.csv"]
