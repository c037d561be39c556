"""A day on folders and the same day in buckets: the same keys and landed bytes give the same knowledge and the same payloads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from huiliu import sample
from huiliu.days import run_by_hand
from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.objects import open_area
from spark_jobs import storage
from spark_jobs.session import open_session
from tests.e2e.conftest import FIRST, PEOPLE
from tests.plugin.servers import fresh_home

pytestmark = pytest.mark.e2e
OPERATORS = ("/build.parquet", "/proofs.json")


def test_folder_and_buckets_give_the_same_knowledge_and_payloads(object_store: Instance, tmp_path: Path) -> None:
    with fresh_home(object_store, tmp_path / "folder") as in_folder:
        sample.ensure(in_folder, PEOPLE, seed=20260601)
        sample.feed(in_folder, FIRST)
        live(in_folder)
        landed = {one.path: open_area(in_folder, "landing").get(one.path) for one in open_area(in_folder, "landing").list()}
        first = knowledge(in_folder), payloads(in_folder)
    with fresh_home(object_store, tmp_path / "buckets", in_buckets=True) as in_buckets:
        for path, content in landed.items():
            open_area(in_buckets, "landing").put(path, content)
        live(in_buckets)
        assert not (in_buckets.home / "store").exists()
        second = knowledge(in_buckets), payloads(in_buckets)
    assert first[0] == second[0]
    assert first[1] == second[1]
    assert len(first[1]) > 20


def live(instance: Instance) -> None:
    run_job("reference", JobRequest(FIRST), instance)
    run_by_hand(instance, FIRST, lambda _line: None)


def knowledge(instance: Instance) -> dict[str, str]:
    """Returns the hash of the present rows of every silver table and library."""
    spark = open_session(instance)
    found = {}
    for table in storage.tables(instance):
        if table.split(".")[0] in ("silver", "base", "thematic", "special", "mart", "quality"):
            rows = sorted(row.r for row in storage.read(spark, table).selectExpr("to_json(struct(*)) as r").collect())
            found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def payloads(instance: Instance) -> dict[str, str]:
    """Returns path and hash of every payload, manifest and day entry (not of the operators' records of the run)."""
    exchange = open_area(instance, "exchange")
    paths = [one.path for one in exchange.list() if one.path.endswith((".parquet", ".xlsx", ".json")) and not one.path.endswith(OPERATORS)]
    return {path: hashlib.sha256(exchange.get(path)).hexdigest() for path in paths}
