"""Processor time of the small statements that a day is made of: rows computed once and read again, and a few rows written (ADR 0035).

    python -m benchmarks.statements --runs 20

All ways take turns on one running Spark application and leave the same rows. Its processor time counts, and that of processes it starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated
from uuid import uuid4

import psutil
import typer
from pyspark.sql import DataFrame, SparkSession

from lakehouse.config import Instance
from lakehouse.errors import QualityError
from lakehouse.naming import table_path
from lakehouse.objects import open_area
from spark_jobs.lake import staged_views, storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import TableShape

ROWS, CHANGED = 2_000, 10
MARK = uuid4().hex
TABLE, VIEW = f"silver.statements_{MARK}", f"statements_{MARK}"
VECTORS = "spark.databricks.delta.merge.deletionVectors.persistent"
WARM = 3


@dataclass(frozen=True)
class Result:
    """Processor milliseconds of each way to do a thing, as median, least and most of the runs, by the thing and the way."""

    runs: int
    milliseconds: dict[str, tuple[float, float, float]]


def compare(instance: Instance, runs: int, server: psutil.Process) -> Result:
    """Do each thing in each way by turns, and count the processor time of the process `server`.

    Raises:
        QualityError: a way leaves other rows than it should.
    """
    spark, area = open_session(instance), open_area(instance, "lake")
    folder = f"staging/statements_{MARK}"
    ways: dict[str, Callable[[int], None]] = {
        "stage and read, in memory": lambda _: _stage(spark, area.spark_url(folder), in_memory=True),
        "stage and read, in files": lambda _: _stage(spark, area.spark_url(folder), in_memory=False),
        "update, files written again": lambda run: _update(spark, run, vectors=False),
        "update, deletion vectors": lambda run: _update(spark, run, vectors=True),
        "add, INSERT": lambda run: _add(spark, run, merging=False),
        "add, MERGE": lambda run: _add(spark, run, merging=True),
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    usual = spark.conf.get(VECTORS)
    try:
        for run in range(runs + WARM):
            for name, do in ways.items():
                _fill(spark, instance)
                before = _cpu(server)
                do(run)
                spent[name].append(1000 * (_cpu(server) - before))
    finally:
        spark.conf.set(VECTORS, str(usual))
        spark.sql(f"DROP TABLE IF EXISTS {TABLE}")
        area.delete_below(table_path(TABLE))
        area.delete_below(folder)
    kept = {name: some[WARM:] for name, some in spent.items()}
    return Result(runs, {name: (round(median(some)), round(min(some)), round(max(some))) for name, some in kept.items()})


def _fill(spark: SparkSession, instance: Instance) -> None:
    shape = TableShape(TABLE, (("k", "bigint"), ("said", "bigint")), (), {"delta.enableDeletionVectors": "true"})
    storage.rewrite(spark, instance, shape, spark.range(ROWS).selectExpr("id AS k", "0L AS said"))


def _stage(spark: SparkSession, folder: str, *, in_memory: bool) -> None:
    staged_views.offer(spark, in_memory=in_memory)
    counting = f"SELECT k % 10 AS ten, count(*) AS n FROM {TABLE} GROUP BY 1"  # noqa: S608 names are ours
    spark.sql(f"create staged view {VIEW} in '{folder}' as {counting}")
    _ensure(spark.sql(f"SELECT sum(n) FROM {VIEW}"), ROWS)  # noqa: S608
    spark.catalog.dropTempView(VIEW)


def _update(spark: SparkSession, run: int, *, vectors: bool) -> None:
    spark.conf.set(VECTORS, str(vectors).lower())
    changes = spark.range(CHANGED).selectExpr("id AS k", f"{run + 1}L AS said", "'updated' AS _change")
    storage.merge(spark, TABLE, changes, ("k",))
    _ensure(storage.read(spark, TABLE).where(f"said = {run + 1}"), CHANGED)


def _add(spark: SparkSession, run: int, *, merging: bool) -> None:
    added = spark.range(ROWS, ROWS + CHANGED).selectExpr("id AS k", f"{run + 1}L AS said")
    if merging:
        added.localCheckpoint().createOrReplaceTempView(VIEW)
        spark.sql(f"MERGE INTO {TABLE} t USING {VIEW} c ON t.k = c.k WHEN NOT MATCHED THEN INSERT *").collect()
        spark.catalog.dropTempView(VIEW)
    else:
        added.localCheckpoint().write.insertInto(TABLE)
    _ensure(storage.read(spark, TABLE), ROWS + CHANGED)


def _ensure(rows: DataFrame, number: int) -> None:
    """Raise unless there are so many rows, or unless their one number is this one."""
    found = rows.collect()[0][0] if rows.columns == ["sum(n)"] else rows.count()
    if found != number:
        raise QualityError(f"{found} rows are there, not {number}")


def spark_of(instance: Instance) -> psutil.Process:
    """Return the process of the Spark application that an instance started."""
    leader = psutil.Process(int((instance.home / "run" / "supervisord.pid").read_text("utf-8")))
    [server] = [one for one in leader.children(recursive=True) if one.name() == "java"]
    return server


def _cpu(server: psutil.Process) -> float:
    return sum(server.cpu_times()[:4])  # its own, and that of processes it started and that ended


def main(runs: Annotated[int, typer.Option(min=1, help="How often each way is measured.")] = 20) -> None:
    """Compare the ways; the instance's Spark must be running."""
    instance = Instance()
    typer.echo(json.dumps(asdict(compare(instance, runs, spark_of(instance))), indent=1))


if __name__ == "__main__":
    typer.run(main)
