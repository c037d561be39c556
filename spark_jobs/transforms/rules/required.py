"""Spark predicate `required`: a value is missing."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the normalised text is empty."""
    return case.text.isNull()
