"""Spark predicate `unique`: a key occurs more than once in a batch."""

from __future__ import annotations

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper column that counts the rows of a batch with the same key."""
    same = Window.partitionBy("_batch_id", *_key(case))
    return {case.helper("rows"): lambda rows: rows.withColumn(case.helper("rows"), F.count(F.lit(1)).over(same))}


def breaks(case: RuleCase) -> Column:
    """Return true for every row whose key occurs more than once; a row with an incomplete key is not judged."""
    complete = F.forall(F.array(*_key(case)), lambda value: value.isNotNull())
    return complete & (F.col(case.helper("rows")) > 1)


def _key(case: RuleCase) -> list[Column]:
    return [case.text_of(column.name) for column in case.contract.key_columns]
