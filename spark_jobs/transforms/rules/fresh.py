"""Spark predicate `fresh`: a date, or the local date of a timestamp, is too old at the business date."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms import types
from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where more than `maxDays` days lie between the date and the business date."""
    value = case.typed()
    date = types.local_date(value, case.scope.timezone) if case.column.type == "timestamp" else value
    return F.date_diff(case.business_date, date) > case.params["maxDays"]
