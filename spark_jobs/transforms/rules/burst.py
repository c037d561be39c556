"""Spark predicate `burst`: one sender has more rows within a minute than a person can enter."""

from __future__ import annotations

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper column that counts the rows of a batch with the same value of `by` and the same minute (`per`)."""
    moment = F.date_trunc(case.params["per"], case.typed())
    same = Window.partitionBy("_batch_id", case.text_of(case.params["by"]), moment)
    return {case.helper("rows"): lambda rows: rows.withColumn(case.helper("rows"), F.count(F.lit(1)).over(same))}


def breaks(case: RuleCase) -> Column:
    """Return true for every row whose sender has more than `max` rows in that minute."""
    known = case.text_of(case.params["by"]).isNotNull() & case.typed().isNotNull()
    return known & (F.col(case.helper("rows")) > case.params["max"])
