"""The first day in folders and the same day in buckets: the same keys and landed bytes give the same tables and payloads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from application.day_run import run_by_hand
from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.objects import open_area
from lakehouse.ops import connect, facts
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from tests.e2e.published import Published, recipients
from tests.plugin.lived import FIRST, Lived
from tests.plugin.servers import fresh_home

pytestmark = pytest.mark.e2e
CURATED = ("base", "thematic", "special", "mart", "quality")
# silver as known at the end of the first day, without later knowledge
KNOWN = f"""
    select to_json(struct(* except (valid_to, _closed_on, _replaced_on), if(_closed_on > date'{FIRST}', null, valid_to) as valid_to)) as r
    from {{table}} where _recorded_on <= date'{FIRST}' and (_replaced_on is null or _replaced_on > date'{FIRST}')
"""


Knowledge = dict[str, str]


@pytest.fixture
def on_folders(lived: Lived) -> tuple[Knowledge, Published]:
    """Return knowledge and packages of the day that was lived, read before Spark serves another lake."""
    return knowledge(lived.instance), published(lived.instance)


@pytest.fixture
def in_buckets(lived: Lived, on_folders: tuple[Knowledge, Published], object_store: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Return a home in buckets, with the keys and landed bytes of the first day, after running that day."""
    assert all(on_folders)
    with fresh_home(object_store, tmp_path / "buckets", in_buckets=True) as home:
        for sidecar in lived.landing.glob("*/*/*/batch.json"):
            if json.loads(sidecar.read_text("utf-8"))["taken_on"] == FIRST.isoformat():
                for path in sidecar.parent.iterdir():
                    open_area(home, "landing").put(str(path.relative_to(lived.landing)), path.read_bytes())
        run_job("reference", JobRequest(FIRST), home)
        run_by_hand(home, FIRST, lambda _line: None)
        yield home


def test_folder_and_buckets_give_the_same_knowledge_and_payloads(on_folders: tuple[Knowledge, Published], in_buckets: Instance) -> None:
    assert not (in_buckets.home / "store").exists()
    assert knowledge(in_buckets) == on_folders[0]
    assert published(in_buckets) == on_folders[1]
    assert len(on_folders[1][FIRST.isoformat()]) > 20


def published(instance: Instance) -> Published:
    """Return the hashes of the packages of the first day, and of its entry."""
    exchange = open_area(instance, "exchange")
    return recipients(exchange, [FIRST]) | {"entry": digest(exchange.get(f"days/{FIRST}/1.json"))}


def knowledge(instance: Instance) -> dict[str, str]:
    """Return the hash of the rows of every silver table and library as known on the first day."""
    spark = open_session(instance)
    with connect(instance) as connection:
        versions = {one["table"]: one["version"] for one in facts.get(connection, FIRST, "libraries") or []}
    rows = {table: spark.sql(KNOWN.format(table=table)) for table in storage.tables(instance) if table.startswith("silver.")}
    rows |= {table: storage.read(spark, table, version).selectExpr("to_json(struct(*)) as r") for table, version in versions.items()}
    assert {table.split(".")[0] for table in rows} == {"silver", *CURATED}
    return {table: digest("\n".join(sorted(row.r for row in said.collect())).encode()) for table, said in rows.items()}


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()
