"""Spark predicate `not_after`: a date, or the local date of a timestamp, lies after the business date."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms import types
from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the date lies after the business date."""
    value = case.typed()
    return (types.local_date(value, case.scope.timezone) if case.column.type == "timestamp" else value) > case.business_date
