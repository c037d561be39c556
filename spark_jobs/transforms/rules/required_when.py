"""Returns whether a value is missing though another column of the row asks for it."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where nothing is left of the text and column `when` has one of the values `in`."""
    return case.text.isNull() & case.text_of(case.params["when"]).isin(*case.params["in"])
