"""Read the gate's decision on each batch from the results of the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from great_expectations.core import ExpectationValidationResult

from expectations.outcomes import Outcome, worst
from expectations.suite import BATCH_FACTS, ROWS, rule_of

Results = Iterable[ExpectationValidationResult]


@dataclass(frozen=True)
class Decision:
    """The gate's decision on a batch: the worst outcome, the rules that led to it, and for each rule the rows that break it.

    A fact about the whole batch counts all its rows where it led to an outcome, and none elsewhere.
    """

    gate: Outcome = "passed"
    reasons: tuple[str, ...] = ()
    broken: Mapping[str, int] = field(default_factory=dict)


def batches(results: Results) -> dict[str, dict[str, Any]]:
    """Return what is known of each batch that has committed rows, by batch id: `provider`, `business_date`, `rows`."""
    found: dict[str, dict[str, Any]] = _complete(results).result["batches"]
    return found


def incomplete(results: Results) -> int:
    """Return the number of batches of which fewer or more rows are committed than were received."""
    return int(_complete(results).result["observed_value"])


def decisions(results: Results) -> dict[str, Decision]:
    """Return the decision on each batch that has committed rows, by batch id."""
    results = list(results)
    sizes = {batch: facts["rows"] for batch, facts in batches(results).items()}
    outcomes: dict[str, dict[str, Outcome]] = {batch: {} for batch in sizes}
    broken: dict[str, dict[str, int]] = {batch: {} for batch in sizes}
    for one in results:
        rule = rule_of(one.expectation_config)
        told = one.result.get("outcomes", {})  # the expectation about the number of rows has none
        for batch, outcome in told.items():
            outcomes[batch][rule] = outcome
        counts = {batch: sizes[batch] for batch in told} if rule in BATCH_FACTS else one.result.get("broken", {})
        for batch, count in counts.items():
            broken[batch][rule] = count
    return {batch: _decision(outcomes[batch], broken[batch]) for batch in sizes}


def _complete(results: Results) -> ExpectationValidationResult:
    return next(one for one in results if rule_of(one.expectation_config) == ROWS)


def _decision(outcomes: Mapping[str, Outcome], broken: Mapping[str, int]) -> Decision:
    gate = worst(outcomes.values())
    return Decision(gate, tuple(sorted(rule for rule, outcome in outcomes.items() if outcome == gate)), broken)
