"""Returns what became of each row of bronze: rejected, quarantined, duplicate, superseded or accepted."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms.verdicts import blocking_rules

DISPOSITIONS = ("rejected", "quarantined", "duplicate", "superseded", "accepted")
DELIVERED = ("_delivery_no", "_source_line")


def errors(contract: Contract) -> Column:
    """Return the rules that keep a row of bronze out of silver."""
    return F.array_intersect("_verdict", F.array(*map(F.lit, blocking_rules(contract))))


def is_valid(contract: Contract) -> Column:
    """Return whether a row of bronze is neither rejected nor quarantined."""
    return F.col("_reject").isNull() & (F.size(errors(contract)) == 0)


def with_dispositions(rows: DataFrame, prior: DataFrame | None, contract: Contract) -> DataFrame:
    """Return the rows with `_disposition`.

    Rows: as they come; whole batches. A row repeats another one when it was delivered later, by delivery number and then line.

    Args:
        rows: bronze rows of the batches in question, with `_key`.
        prior: the valid bronze rows of all other known batches that could be repeated, if there are any; held ones are not.
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
    """Return the first delivered of the valid rows that are alike, of all known batches of some keys.

    Rows: every accepted row, and besides the superseded ones; at its position one of these never is the last in order.
    """
    alike = Window.partitionBy("_key", "_position", "_row_hash").orderBy(*DELIVERED)
    return rows.withColumn("_nth", F.row_number().over(alike)).where("_nth = 1").drop("_nth")
