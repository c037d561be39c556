"""Compare the time of upserts of 1 % into a table without deletion vectors (as silver is made) and into one with them.

    python -m benchmarks.upsert --rows 500000

Both tables hold the same rows before and after; the pairs alternate which of them goes first.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated
from uuid import uuid4

import typer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.errors import QualityError
from lakehouse.naming import table_path
from lakehouse.objects import open_area
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import TableShape

COLUMNS = (("_version_id", "string"), ("_key", "string"), ("_content_hash", "string"), ("amount", "bigint"), ("changed_in", "int"))
MARK = uuid4().hex  # names of a run of their own: what an interrupted one left behind is not in the way
WITHOUT, WITH = f"silver.upsert_without_{MARK}", f"silver.upsert_with_{MARK}"
PAIRS = 5


@dataclass(frozen=True)
class Result:
    """Median seconds of one upsert into each table; `ratio`: how many times as long the one without deletion vectors takes."""

    rows: int
    changed: int
    without_seconds: float
    with_seconds: float
    ratio: float


def compare(instance: Instance, number: int) -> Result:
    """Upsert the same rows into both tables and return their median seconds.

    Raises:
        QualityError: the tables differ afterwards.
    """
    spark = open_session(instance, number)
    try:
        for table, vectors in ((WITHOUT, "false"), (WITH, "true")):
            storage.ensure_table(spark, instance, TableShape(table, COLUMNS, (), {"delta.enableDeletionVectors": vectors}))
            _rows(spark.range(number), 0).write.format("delta").mode("append").saveAsTable(table)
        seconds: dict[str, list[float]] = {WITHOUT: [], WITH: []}
        for pair in range(1, PAIRS + 1):
            for table in (WITHOUT, WITH) if pair % 2 else (WITH, WITHOUT):
                changes = _rows(spark.range(pair, number, 100), pair).withColumn("_change", F.lit("updated"))
                started = time.perf_counter()
                storage.merge(spark, table, changes, ("_version_id",))
                seconds[table].append(time.perf_counter() - started)
        _check(spark)
    finally:
        for table in (WITHOUT, WITH):
            spark.sql(f"DROP TABLE IF EXISTS {table}")
            open_area(instance, "lake").delete_below(table_path(table))
    ours, theirs = median(seconds[WITHOUT]), median(seconds[WITH])
    return Result(number, number // 100, round(ours, 2), round(theirs, 2), round(ours / theirs, 2))


def _rows(numbers: DataFrame, changed_in: int) -> DataFrame:
    hashed = [F.sha2(F.concat(F.lit(name), F.col("id").cast("string")), 256).alias(name) for name in ("_version_id", "_key")]
    content = F.sha2(F.concat_ws("|", "id", F.lit(changed_in)), 256).alias("_content_hash")
    return numbers.select(*hashed, content, F.col("id").alias("amount"), F.lit(changed_in).alias("changed_in"))


def _check(spark: SparkSession) -> None:
    one, other = (storage.read(spark, table) for table in (WITHOUT, WITH))
    if one.exceptAll(other).count() or one.count() != other.count():
        raise QualityError("the two tables hold different rows after the same upserts")


def main(rows: Annotated[int, typer.Option(min=100, help="Rows of each table.")] = 500_000) -> None:
    """Compare the upserts; the instance's Spark must be running."""
    typer.echo(json.dumps(asdict(compare(Instance(), rows))))


if __name__ == "__main__":
    typer.run(main)
