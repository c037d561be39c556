"""Upkeep of a small lake: fewer files with the same rows, versions that are named stay readable, and a second run finds nothing."""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.errors.exceptions.connect import SparkException
from pyspark.sql import SparkSession

from application.upkeep import Ask, keep_up
from lakehouse.config import Instance
from lakehouse.ops import connect, days, facts
from lakehouse.upkeep import turns
from lakehouse.upkeep.terms import VERSIONS
from lakehouse.upkeep.work import Postponed
from spark_jobs.lake import storage, upkeep
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import TableShape

pytestmark = pytest.mark.spark
DAY = date(2026, 6, 1)
GROWING = TableShape("bronze.growing", (("value", "string"), ("_batch_id", "string")), ("_batch_id",))
PIECES = upkeep.MOST_FILES + 2
AGED, OLDEST, AGES = "bronze.aged", 60, {0: 10, -1: 20}  # days, by the distance of a version from the newest


@pytest.fixture(scope="module")
def grown(module_instance: Instance) -> SparkSession:
    """Return a session on a lake with one table of many small files, the last commit of which was told something."""
    spark = open_session(module_instance)
    storage.ensure_table(spark, module_instance, GROWING)
    rows = spark.range(PIECES * 10).selectExpr("cast(id as string) AS value", "cast(id % 3 as string) AS _batch_id").repartition(PIECES)
    storage.append(GROWING.name, rows, "first", {"reshaped": "1.1.0"})
    return spark


@pytest.fixture(scope="module")
def aged(module_instance: Instance, grown: SparkSession) -> SparkSession:
    """Return a session on the same lake with a copy of the table that was changed twice; each version counts as that many days older."""
    for value in ("a", "b"):
        grown.sql(f"UPDATE {GROWING.name} SET value = '{value}' WHERE _batch_id = '0'").collect()
    lake = upkeep.open_area(module_instance, "lake")
    source, target = (lake.local_path(f"bronze/{name}") for name in ("growing", "aged"))
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.crc"))
    newest = storage.versions(module_instance)[GROWING.name]
    for commit in sorted((target / storage.LOG).glob("*.json")):
        age = timedelta(days=AGES.get(int(commit.stem) - newest, OLDEST))
        commit.write_text("".join(f"{json.dumps(made_older(json.loads(line), age))}\n" for line in commit.read_text().splitlines()))
    for path in [*target.glob("*"), *target.glob("*/*")]:
        past = time.time() - timedelta(days=OLDEST).total_seconds()
        os.utime(path, (past, past))
    grown.sql(f"CREATE TABLE {AGED} USING DELTA LOCATION '{lake.spark_url('bronze/aged')}'").collect()
    return grown


def made_older(action: dict[str, Any], age: timedelta) -> dict[str, Any]:
    for what in action.values():
        for name in {"timestamp", "deletionTimestamp", "modificationTime"} & set(what):
            what[name] -= int(age / timedelta(milliseconds=1))
    return action


def content(spark: SparkSession, table: str, version: int | None = None) -> list[tuple[str, str]]:
    return sorted((row.value, row._batch_id) for row in storage.read(spark, table, version).collect())


def test_small_files_are_compacted_once_and_rows_and_what_was_told_stay(module_instance: Instance, grown: SparkSession) -> None:
    before, [crowded] = content(grown, GROWING.name), upkeep.crowded(module_instance)
    assert (crowded.table, crowded.size.files) == (GROWING.name, PIECES)
    only = Ask(only=("tables",))
    with turns.writing(module_instance):
        left = keep_up(module_instance, only).work
    assert (left.done, [one.why for one in left.left]) == ([], ["somebody writes in the lake"] * 2)
    pieces = ["1 tables are to keep earlier versions", f"compact {GROWING.name}"]
    assert [one.what for one in keep_up(module_instance, Ask(only=("tables",), dry_run=True)).work.done] == pieces
    assert upkeep.crowded(module_instance) == [crowded]
    _, done = keep_up(module_instance, only).work.done
    assert (done.before.files, done.after.files) == (PIECES, 1)
    assert content(grown, GROWING.name) == before
    assert storage.last_told(grown, GROWING.name, "reshaped") == {"reshaped": "1.1.0"}
    again = storage.versions(module_instance)
    assert keep_up(module_instance, only).work.done == []
    assert storage.versions(module_instance) == again


def test_what_is_named_stays_readable_and_what_is_not_is_told_to_be_gone(module_instance: Instance, aged: SparkSession) -> None:
    newest, now = storage.versions(module_instance)[AGED], datetime.now(UTC)
    versions = {version: content(aged, AGED, version) for version in range(1, newest + 1)}
    named = newest - 2  # its file left the table within the term, but longer ago than the week that Delta keeps by itself

    def gone() -> list[int]:
        return [version for version in versions if upkeep.lost(module_instance, {AGED: version})]

    upkeep.keep(aged, module_instance, AGED, now - timedelta(days=31))
    assert [one.table for one in upkeep.stale(module_instance, now)] == [AGED]
    with pytest.raises(Postponed, match="version 1 is still named"):
        upkeep.vacuum(aged, module_instance, AGED, [1, named], now)
    assert gone() == []
    left = upkeep.vacuum(aged, module_instance, AGED, [named], now)
    assert left.files == 3
    assert gone() == [version for version in versions if version < named]
    assert {version: content(aged, AGED, version) for version in (named, newest - 1, newest)}.items() <= versions.items()
    with pytest.raises(SparkException, match="FILE_NOT_EXIST"):
        content(aged, AGED, 1)
    assert storage.versions(module_instance)[AGED] == newest  # a vacuum makes no version
    assert upkeep.stale(module_instance, now) == []


@pytest.mark.usefixtures("aged")
def test_tables_are_vacuumed_after_their_term_and_not_while_a_day_is_at_work(module_instance: Instance) -> None:
    late = datetime.now(UTC) + VERSIONS + timedelta(days=1)
    area = upkeep.open_area(module_instance, "lake")
    for number in range(upkeep.LEAST_DEAD + 1):
        area.put(f"bronze/growing/left-behind-{number}.parquet", b"of a write that never ended")
    version = storage.versions(module_instance)[GROWING.name]
    with connect(module_instance) as connection:
        days.close(connection, DAY, 1, [])
        facts.record(connection, DAY, "libraries", [{"table": GROWING.name, "version": version}])
    only = Ask(only=("tables",))
    assert [one.why for one in keep_up(module_instance, only, late).work.left] == [f"business day {DAY} is closed, but not published"]
    with connect(module_instance) as connection:
        days.publish(connection, DAY, 1, "sha")
    upkeep.open_area(module_instance, "exchange").put(f"days/{DAY}/1.inputs.json", json.dumps({"versions": {}}).encode())
    assert keep_up(module_instance, Ask(only=("tables",), dry_run=True), late).work.done[-1].what == f"vacuum {GROWING.name}"
