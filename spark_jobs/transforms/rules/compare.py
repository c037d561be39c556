"""Spark predicate `compare`: the declared comparison of two columns of a row does not hold."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.rules.compare import MONTH_REGEX
from spark_jobs.transforms import types
from spark_jobs.transforms.rules.scope import RuleCase

CONTRARY: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.ge,
    "<=": operator.gt,
    "=": operator.ne,
    ">=": operator.lt,
    ">": operator.le,
}


def breaks(case: RuleCase) -> Column:
    """Return true where the opposite comparison holds; null where one of the values is missing or cannot be read."""
    broken: Column = CONTRARY[case.params["operator"]](_value(case, case.rule.column), _value(case, case.params["to"]))
    return broken


def _value(case: RuleCase, column: str) -> Column:
    value = case.typed(column)
    if case.column.type != "string" or case.params["operator"] == "=":
        return value
    return F.when(value.rlike(types.whole(MONTH_REGEX)), value)
