"""Spark predicate `not_overdue`: a date has passed although another column says that the matter is in force."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the date lies before the business date and column `when` has one of the values `in`."""
    return (case.typed() < case.business_date) & case.text_of(case.params["when"]).isin(*case.params["in"])
