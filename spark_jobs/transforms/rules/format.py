"""Spark predicate `format`: a text does not fit the type and format of its column."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where there is a text, but it has no typed value."""
    return case.text.isNotNull() & case.typed().isNull()
