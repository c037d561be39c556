"""The disposition of each bronze row: rejected, quarantined, duplicate, superseded or accepted."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms.verdicts import blocking_rules

DISPOSITIONS = ("rejected", "quarantined", "duplicate", "superseded", "accepted")
DELIVERED = ("_delivery_no", "_source_line")


def errors(contract: Contract) -> Column:
    """Return the broken rules that quarantine a bronze row (empty: none)."""
    return F.array_intersect("_verdict", F.array(*map(F.lit, blocking_rules(contract))))


def is_valid(contract: Contract) -> Column:
    """Return whether a bronze row is neither rejected nor quarantined."""
    return F.col("_reject").isNull() & (F.size(errors(contract)) == 0)


def with_dispositions(rows: DataFrame, prior: DataFrame | None, contract: Contract) -> DataFrame:
    """Return the rows with `_disposition`.

    Rows: unchanged; whole batches. Of equal valid rows the one delivered first counts (delivery number, then line); others are duplicates.

    Args:
        rows: bronze rows of the judged batches, with `_key`.
        prior: valid bronze rows of other known batches that these rows could repeat, None if there are none; without blocked batches.
        contract: the resource.
    """
    judged = rows.withColumn("_valid", is_valid(contract))
    alike = Window.partitionBy("_valid", "_row_hash", "_position")
    first = F.min(F.struct(*DELIVERED)).over(alike)
    if prior is not None:
        repeated = prior.groupBy("_row_hash", "_position").agg(F.min(F.struct(*DELIVERED)).alias("_prior"))
        judged = judged.join(repeated, ["_row_hash", "_position"], "left")
        first = F.least(first, "_prior")
    judged = judged.withColumn("_first", first)
    judged = judged.withColumn("_new", F.col("_valid") & (F.col("_first") == F.struct(*DELIVERED)))
    of_one_position = Window.partitionBy("_new", "_batch_id", "_key", "_position")
    last_line = F.max("_source_line").over(of_one_position)
    disposition = (
        F.when(F.col("_reject").isNotNull(), "rejected")
        .when(~F.col("_valid"), "quarantined")
        .when(~F.col("_new"), "duplicate")
        .when(F.col("_source_line") < last_line, "superseded")
        .otherwise("accepted")
    )
    return judged.withColumn("_disposition", disposition).select(*rows.columns, "_disposition")


def accepted(rows: DataFrame) -> DataFrame:
    """Return, of each set of equal valid rows, the one delivered first; the input is the rows of some keys in all known batches.

    Rows: every accepted row, and superseded ones too. A superseded row is never the last in order at its position, so it does no harm.
    """
    alike = Window.partitionBy("_key", "_position", "_row_hash").orderBy(*DELIVERED)
    return rows.withColumn("_nth", F.row_number().over(alike)).where("_nth = 1").drop("_nth")
