"""Spark predicate `pattern`: a text does not match a regular expression."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms import types
from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the expression does not match the whole text."""
    return ~case.text.rlike(types.whole(case.params["regex"]))
