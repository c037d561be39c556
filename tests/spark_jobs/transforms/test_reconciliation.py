"""Keys and positions of a whole source beside those that arrived: what either side lacks, and what is only on its way."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.ingest.reconciliation import compared_columns
from spark_jobs.lake.session import open_session
from spark_jobs.transforms import reconciliation
from spark_jobs.transforms.rules.scope import RuleScope
from tests.lakehouse.ingest.readers.contract import column, contract

pytestmark = pytest.mark.spark
DAY = date(2026, 6, 5)
COMING = date(2026, 6, 3), date(2026, 6, 6)
OLD, NEW, NEXT = "2026-05-01 10:00:00", "2026-05-02 10:00:00", "2026-06-03 10:00:00"
HELD = "_key string, _position string, _deleted boolean"


def things(**changes: Any) -> Contract:
    columns = [column("a", key=True, normalise=("trim", "half_width", "upper")), column("b", key=True), column("c")]
    columns.append(column("changed_at", type="timestamp"))
    return contract("postgres", "a", columns=columns, **{"position": "changed_at", **changes})


def listed(spark: SparkSession, of: Contract, *rows: tuple[str | None, ...]) -> Any:
    compared = compared_columns(of)
    schema = ", ".join(f"{one.name} string" for one in compared) + ", _business_date date"
    said = spark.createDataFrame([(*row, DAY) for row in rows], schema)
    return reconciliation.listed(said, of, compared, RuleScope(spark, {}, (), "Asia/Shanghai"))


def test_what_either_side_lacks_is_found_by_key_and_position(instance: Instance) -> None:
    spark, of = open_session(instance), things()
    rows = listed(
        spark, of,
        (" ａx", "1", OLD), ("B", "1", NEW), ("C", "1", NEW), ("D", "1", NEXT), ("E", "1", None), ("F", None, OLD), ("H", "1", OLD),
    )  # fmt: skip
    known = listed(spark, of, *((name, "1", OLD) for name in ("AX", *"BCDH"))).collect()
    hashes = dict(zip("ABCDH", [row["_key"] for row in known], strict=True))
    assert rows.count() == 5  # without a key or a position nothing can be compared
    positions = {OLD: "2026-05-01T02:00:00.000000Z", NEW: "2026-05-02T02:00:00.000000Z"}
    arrived = [("A", OLD), ("B", OLD), ("H", OLD), ("H", NEW)]
    bronze = spark.createDataFrame([(hashes[name], positions[at]) for name, at in arrived], "_key string, _position string")
    here = reconciliation.missing_here(rows, bronze, of, COMING)
    found = {(row["_key"], row["_day"]) for row in here.collect()}
    assert found == {(hashes[name], date(2026, 5, 2)) for name in "BC"}  # D comes with the next window
    silver = [(hashes["A"], OLD, False), (hashes["B"], OLD, False), (hashes["H"], NEW, False), ("gone", OLD, False), ("dead", OLD, True)]
    held = spark.createDataFrame([(key, positions[at], deleted) for key, at, deleted in silver], HELD)
    there = reconciliation.missing_there(rows, held, of)
    assert {row["_key"] for row in there.collect()} == {hashes["H"], "gone"}  # the source of H went back to an earlier state

    keys_alone = things(position=None)
    rows = listed(spark, keys_alone, ("AX", "1", NEW), ("C", "1", NEW))
    assert {row["_key"] for row in reconciliation.missing_here(rows, bronze, keys_alone, COMING).collect()} == {hashes["C"]}
    assert {row["_key"] for row in reconciliation.missing_there(rows, held, keys_alone).collect()} == {hashes["B"], hashes["H"], "gone"}
