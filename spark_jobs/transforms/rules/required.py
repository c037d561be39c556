"""Returns whether a value is missing."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where nothing is left of the text."""
    return case.text.isNull()
