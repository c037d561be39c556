"""Count committed rows by batch and rule, and mark rows with the facts the gate found about their batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms.text import names_that_hold


def tallies(rows: DataFrame) -> DataFrame:
    """Count the rows of each batch; return one row per batch.

    Columns: `_batch_id`, `rows`, `rejected`, `distinct` (different contents at different positions among readable lines), `newest`
    (latest position), `broken` (map of rule to the number of rows that break it, only broken rules; null where no rule is broken).
    """
    readable = F.col("_reject").isNull()
    content = F.when(readable, F.struct("_row_hash", F.coalesce("_position", F.lit(""))))
    whole = rows.groupBy("_batch_id").agg(
        F.count(F.lit(1)).alias("rows"),
        F.count_if(~readable).alias("rejected"),
        F.count_distinct(content).alias("distinct"),
        F.max("_position").alias("newest"),
    )
    # a separate aggregation: in one with the distinct count, every distinct content would carry a counter of every rule
    each = rows.select("_batch_id", F.explode("_verdict").alias("rule"))
    broken = each.groupBy("_batch_id", "rule").agg(F.count(F.lit(1)).alias("broken"))
    by_batch = broken.groupBy("_batch_id").agg(F.map_from_entries(F.collect_list(F.struct("rule", "broken"))).alias("broken"))
    return whole.join(by_batch, "_batch_id", "left")


def with_batch_verdict(rows: DataFrame, facts: Mapping[str, Sequence[str]]) -> DataFrame:
    """Add `_batch_verdict`: the names of the facts (name → batch ids) that hold for the row's batch."""
    return rows.withColumn("_batch_verdict", names_that_hold({fact: F.col("_batch_id").isin(list(ids)) for fact, ids in facts.items()}))
