"""Spark predicate `equals_part`: a text differs from a given part of another column."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the other text is long enough and its part differs from the text."""
    other, first, length = case.text_of(case.params["of"]), case.params["from"], case.params["length"]
    return (F.char_length(other) >= first + length - 1) & (case.text != F.substring(other, first, length))
