"""The custom expectation of the gate: the verdict of a row does not contain a given rule."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnMapMetricProvider, column_condition_partial
from pyspark.sql import Column
from pyspark.sql import functions as F

METRIC = "column_values.rule_kept"


class RuleKept(ColumnMapMetricProvider):  # type: ignore[misc]
    """Metric: whether the array of broken rules does not contain the given rule; the array is never null."""

    condition_metric_name = METRIC
    condition_value_keys = ("rule",)

    @column_condition_partial(engine=SparkDFExecutionEngine)  # type: ignore[untyped-decorator]
    def _spark(cls, column: Column, rule: str, **_: Any) -> Column:  # noqa: N805 (the decorator makes it a class method)
        return ~F.array_contains(column, rule)


class ExpectRuleToBeKept(ColumnMapExpectation):  # type: ignore[misc]
    """Expect that a column with the broken rules of each row does not contain the given rule."""

    rule: str
    map_metric: ClassVar[str] = METRIC
    success_keys: ClassVar[tuple[str, ...]] = ("rule", "mostly")
