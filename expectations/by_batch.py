"""The expectations of the gate: each reads the tallies of all batches of a step and returns an outcome by batch.

They share one metric, so however many rules and batches a step has, the committed rows are counted once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar, Dict, Optional  # noqa: UP035 (Great Expectations builds its models from these names)
from zoneinfo import ZoneInfo

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from expectations.outcomes import OF_SEVERITY, Outcome, worst
from expectations.tallies import Tally, counted

METRIC = "batches.tallies"


class BatchTallies(TableMetricProvider):  # type: ignore[misc]
    """Metric: the tallies of the rows by batch id."""

    metric_name = METRIC

    @metric_value(engine=SparkDFExecutionEngine)  # type: ignore[untyped-decorator]
    def _spark(cls, execution_engine: SparkDFExecutionEngine, metric_domain_kwargs: dict[str, Any], **_: Any) -> dict[str, Tally]:  # noqa: N805 (the decorator makes it a class method)
        rows, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        return counted(rows)


class OutcomeByBatch(BatchExpectation, ABC):  # type: ignore[misc]
    """An expectation that judges every batch by its tally.

    Its result holds no value from the data: `outcomes` (batch id → outcome, where it is not passed), `broken` (batch id → number of rows,
    where there are any) and as `observed_value` the worst outcome.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)

    @abstractmethod
    def broken(self, tally: Tally) -> int:
        """Return the number of rows of a batch that do not meet the expectation."""

    @abstractmethod
    def outcome(self, tally: Tally) -> Outcome:
        """Return the outcome of a batch."""

    def _validate(self, metrics: dict[str, Any], **_: Any) -> dict[str, Any]:
        found: dict[str, Tally] = metrics[METRIC]
        outcomes = {batch: outcome for batch, tally in found.items() if (outcome := self.outcome(tally)) != "passed"}
        broken = {batch: count for batch, tally in found.items() if (count := self.broken(tally))}
        return {"success": not outcomes, "result": {"observed_value": worst(outcomes.values()), "outcomes": outcomes, "broken": broken}}


class ExpectRuleToBeKeptInEachBatch(OutcomeByBatch):
    """Expect that few rows of each batch break a rule.

    A batch exceeds the thresholds when at least `rows` of its rows *and* more than the share `share` break the rule: it is blocked where
    the severity is critical, warned of where it is a warning. Below the thresholds it is warned of from `notice` rows on.
    """

    rule: str
    share: float
    rows: int
    notice: Optional[int] = None  # noqa: UP045 (as above)
    success_keys: ClassVar[tuple[str, ...]] = ("rule", "share", "rows", "notice")

    def broken(self, tally: Tally) -> int:
        """Return the number of rows that break the rule."""
        return tally.broken.get(self.rule, 0)

    def outcome(self, tally: Tally) -> Outcome:
        """Return what the thresholds and the severity make of the rows that break the rule."""
        count = self.broken(tally)
        if count and count >= self.rows and count > self.share * tally.rows:
            return OF_SEVERITY[self.severity.value]
        return "warned" if self.notice and count >= self.notice else "passed"


class ExpectEachBatchToBeRecent(OutcomeByBatch):
    """Expect that the latest position in each batch is at most `days` before the batch's business date, by the calendar of `timezone`."""

    days: int
    timezone: str
    success_keys: ClassVar[tuple[str, ...]] = ("days", "timezone")

    def broken(self, tally: Tally) -> int:
        """Return all rows of a batch in which nothing is recent."""
        return 0 if self._is_recent(tally) else tally.rows

    def outcome(self, tally: Tally) -> Outcome:
        """Return what the severity makes of a batch in which nothing is recent."""
        return "passed" if self._is_recent(tally) else OF_SEVERITY[self.severity.value]

    def _is_recent(self, tally: Tally) -> bool:
        if not tally.newest:
            return True
        latest: date = datetime.fromisoformat(tally.newest).astimezone(ZoneInfo(self.timezone)).date()
        return (tally.business_date - latest).days <= self.days


class ExpectEachBatchToBeOfUsualSize(OutcomeByBatch):
    """Expect that the number of rows of each batch is not far from its usual number (`usual`: batch id → rows, given at each run).

    It is far when one is more than `times` the other and they are at least `apart` rows apart. A batch without a usual number passes.
    """

    usual: Dict[str, Any]  # noqa: UP006 (as above)
    times: float
    apart: int
    success_keys: ClassVar[tuple[str, ...]] = ("usual", "times", "apart")

    def broken(self, tally: Tally) -> int:
        """Return all rows of a batch of unusual size."""
        return tally.rows if self._is_far(tally) else 0

    def outcome(self, tally: Tally) -> Outcome:
        """Return what the severity makes of a batch of unusual size."""
        return OF_SEVERITY[self.severity.value] if self._is_far(tally) else "passed"

    def _validate(self, metrics: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        found = {batch: replace(tally, usual=self.usual.get(batch)) for batch, tally in metrics[METRIC].items()}
        return super()._validate({METRIC: found}, **kwargs)

    def _is_far(self, tally: Tally) -> bool:
        if tally.usual is None:
            return False
        less, more = sorted((float(tally.rows), tally.usual))
        return more > self.times * less and more - less >= self.apart


class ExpectEachBatchToBeComplete(BatchExpectation):  # type: ignore[misc]
    """Expect that of each batch as many rows are committed as were received (`received`: batch id → rows, given at each run).

    Its result describes the batches: `batches` (batch id → provider, business date and rows); `observed_value`: how many are incomplete.
    """

    received: Dict[str, Any]  # noqa: UP006 (as above)
    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = ("received",)

    def _validate(self, metrics: dict[str, Any], **_: Any) -> dict[str, Any]:
        found: dict[str, Tally] = metrics[METRIC]
        wrong = [batch for batch, rows in self.received.items() if batch not in found or found[batch].rows != rows]
        batches = {
            batch: {"provider": tally.provider, "business_date": tally.business_date.isoformat(), "rows": tally.rows}
            for batch, tally in found.items()
        }
        return {"success": not wrong, "result": {"observed_value": len(wrong), "batches": batches}}
