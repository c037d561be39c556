"""Spark predicate `range`: a number, date or month lies outside its limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms import types
from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the value is less than `min` or more than `max`; both limits themselves are allowed.

    Numbers compare as numbers, dates as dates, timestamps by their local date, months (`yyyy-MM`) and other text as text.
    """
    value = _value(case)
    checks = [
        value < _limit(case, case.params["min"]) if case.params.get("min") is not None else F.lit(False),
        value > _limit(case, case.params["max"]) if case.params.get("max") is not None else F.lit(False),
    ]
    return checks[0] | checks[1]


def _value(case: RuleCase) -> Column:
    if case.column.type == "timestamp":
        return types.local_date(case.typed(), case.scope.timezone)
    return case.typed()


def _limit(case: RuleCase, limit: Any) -> Column:
    text = str(limit)
    is_text = case.column.type == "string"
    if text == "business_date":
        return F.date_format(case.business_date, "yyyy-MM-dd") if is_text else case.business_date
    if text == "business_month":
        month = F.date_format(case.business_date, "yyyy-MM")
        return month if is_text else F.last_day(case.business_date)
    if is_text:
        return F.lit(text)
    return types.literal_date(text) if case.column.type in ("date", "timestamp") else F.lit(Decimal(text))
