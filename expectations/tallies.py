"""Count committed rows by batch and rule: the one metric from which every expectation of the gate is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

COUNTED = ("_batch_id", "_provider", "_business_date", "_verdict", "_reject", "_row_hash", "_position")
REJECTED = "_reject"
REPEATED = "batch.repeated"


@dataclass(frozen=True)
class Tally:
    """What is counted of a batch: its rows, the rows that break each rule (or cannot be read, or repeat another), the latest position.

    `usual` is not counted but given: the number of rows its provider usually delivers, None where that cannot be told.
    """

    provider: str
    business_date: date
    rows: int
    newest: str | None = None
    broken: Mapping[str, int] = field(default_factory=dict)
    usual: float | None = None


def tallies(rows: DataFrame) -> DataFrame:
    """Count the rows of each batch; return one row per batch.

    Columns: `_batch_id`, `provider`, `business_date`, `rows`, `rejected`, `distinct` (different contents at different positions among
    readable lines), `newest` (latest position), `broken` (map of rule to the number of rows that break it, only broken rules; null where
    no rule is broken).
    """
    readable = F.col("_reject").isNull()
    content = F.when(readable, F.struct("_row_hash", F.coalesce("_position", F.lit(""))))
    whole = rows.groupBy("_batch_id").agg(
        F.min("_provider").alias("provider"),
        F.min("_business_date").alias("business_date"),
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


def counted(rows: DataFrame) -> dict[str, Tally]:
    """Return what is counted of each batch, by batch id."""
    found = {}
    for row in tallies(rows).collect():
        facts = {REJECTED: row["rejected"], REPEATED: row["rows"] - row["rejected"] - row["distinct"]}
        broken = {rule: count for rule, count in {**(row["broken"] or {}), **facts}.items() if count}
        found[row["_batch_id"]] = Tally(row["provider"], row["business_date"], row["rows"], row["newest"], broken)
    return found
