"""Results of a suite on tallies, as the checkpoint gives them on the rows they are counted from."""

from __future__ import annotations

from collections.abc import Mapping

from great_expectations import ExpectationSuite
from great_expectations.core import ExpectationValidationResult

from expectations.by_batch import METRIC
from expectations.suite import ROWS, VOLUME, rule_of
from expectations.tallies import Tally


def results(
    suite: ExpectationSuite,
    tallies: Mapping[str, Tally],
    received: Mapping[str, int] | None = None,
    usual: Mapping[str, float] | None = None,
) -> list[ExpectationValidationResult]:
    """Return the result of each expectation; without `received` every batch is complete, without `usual` nothing is usual."""
    found = []
    for configuration in suite.expectation_configurations:
        if rule_of(configuration) == ROWS:
            configuration.kwargs["received"] = dict(received or {batch: tally.rows for batch, tally in tallies.items()})
        if rule_of(configuration) == VOLUME:
            configuration.kwargs["usual"] = dict(usual or {})
        expectation = configuration.to_domain_obj()
        (metric,) = expectation.get_validation_dependencies().get_metric_configurations()
        assert metric.metric_name == METRIC
        found.append(expectation.metrics_validate({metric.id: dict(tallies)}))
    return found
