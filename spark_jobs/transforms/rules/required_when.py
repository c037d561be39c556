"""Spark predicate `required_when`: a value is missing although another column of the row requires it."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the normalised text is empty and column `when` has one of the values `in`."""
    return case.text.isNull() & case.text_of(case.params["when"]).isin(*case.params["in"])
