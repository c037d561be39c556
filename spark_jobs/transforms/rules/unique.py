"""Returns whether a key stands more than once in a batch."""

from __future__ import annotations

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return what counts the rows of a batch that share their key."""
    same = Window.partitionBy("_batch_id", *_key(case))
    return {case.helper("rows"): lambda rows: rows.withColumn(case.helper("rows"), F.count(F.lit(1)).over(same))}


def breaks(case: RuleCase) -> Column:
    """Return true for every row of a key that stands more than once; an incomplete key is not judged."""
    complete = F.forall(F.array(*_key(case)), lambda value: value.isNotNull())
    return complete & (F.col(case.helper("rows")) > 1)


def _key(case: RuleCase) -> list[Column]:
    return [case.text_of(column.name) for column in case.contract.key_columns]
