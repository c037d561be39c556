"""The gate's decision about a batch: what the suite of its contract makes of its tally."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from expectations.by_batch import METRIC
from expectations.decision import Decision, decisions, incomplete
from expectations.outcomes import ORDER, WORDS, worst
from expectations.rules.registry import SECONDS
from expectations.suite import FRESHNESS, VOLUME, gate_suite
from expectations.tallies import REJECTED, REPEATED, Tally
from lakehouse.rules.registry import gate_kinds
from spark_jobs.transforms.rules.registry import PREDICATES
from tests.expectations.results import results
from tests.spark_jobs.transforms.rules import every_kind

pytestmark = pytest.mark.fast
CONTRACT = every_kind.contract()
SUITE = gate_suite(CONTRACT, every_kind.TIMEZONE)
RECENT = "2026-05-31T15:00:00.000000Z"


def tally(broken: Mapping[str, int] | None = None, rows: int = 1000, newest: str | None = RECENT) -> Tally:
    return Tally("street", date(2026, 6, 1), rows, newest, broken or {})


def decision(broken: Mapping[str, int] | None = None, rows: int = 1000, newest: str | None = RECENT) -> Decision:
    return decisions(results(SUITE, {"b": tally(broken, rows, newest)}))["b"]


def test_every_kind_of_the_gate_has_both_implementations() -> None:
    assert set(PREDICATES) == set(SECONDS) == set(gate_kinds())


def test_a_batch_passes_with_few_broken_rows() -> None:
    few = {"id_no.resident_id": 50, REJECTED: 50, REPEATED: 50}
    assert decision(few) == Decision("passed", (), {"id_no.resident_id": 50, REJECTED: 50})
    assert decision(rows=1, newest=None) == Decision()


@pytest.mark.parametrize("rule", ["id_no.resident_id", "_key.unreadable", "_position.unreadable", REJECTED])
def test_an_error_blocks_above_share_and_rows(rule: str) -> None:
    def with_rows(broken: int, rows: int) -> str:
        return decision({rule: broken}, rows).gate

    assert [with_rows(51, 1000), with_rows(50, 1000), with_rows(19, 30), with_rows(20, 30)] == ["blocked", "passed", "passed", "blocked"]


def test_the_ticket_names_what_blocked_and_not_what_only_warns() -> None:
    broken = {"id_no.resident_id": 100, "id_no.resident_id_15": 900, REJECTED: 60}
    assert decision(broken) == Decision("blocked", (REJECTED, "id_no.resident_id"), broken)


def test_warnings_bursts_stale_and_repeated_batches_are_warned_of() -> None:
    assert decision({"id_no.resident_id_15": 51}) == Decision("warned", ("id_no.resident_id_15",), {"id_no.resident_id_15": 51})
    assert decision({"seen_at.burst": 1}) == Decision("warned", ("seen_at.burst",), {"seen_at.burst": 1})
    assert decision(newest="2026-05-28T15:59:59.000000Z") == Decision("warned", (FRESHNESS,), {FRESHNESS: 1000})
    assert decision(newest="2026-05-28T16:00:00.000000Z").gate == "passed"
    assert decision({REPEATED: 51}) == Decision("warned", (REPEATED,), {REPEATED: 1000})


@pytest.mark.parametrize(
    ("rows", "usual", "is_far"),
    [(100, 201, True), (100, 200, False), (201, 100, True), (5, 24, False), (5, 25, True), (1, 300, True), (40, 0, True), (9, None, False)],
)
def test_a_batch_of_unusual_size_is_warned_of(rows: int, usual: float | None, is_far: bool) -> None:
    given = {} if usual is None else {"b": usual}
    found = decisions(results(SUITE, {"b": tally(rows=rows)}, usual=given))["b"]
    assert found == (Decision("warned", (VOLUME,), {VOLUME: rows}) if is_far else Decision())


def test_every_batch_is_judged_by_itself() -> None:
    many = {"good": tally({"id_no.resident_id": 3}, 60), "bad": tally({"id_no.resident_id": 20}, 60), "odd": tally({REPEATED: 30}, 60)}
    assert {batch: one.gate for batch, one in decisions(results(SUITE, many)).items()} == {
        "good": "passed",
        "bad": "blocked",
        "odd": "warned",
    }


def test_a_batch_of_which_rows_are_missing_is_counted() -> None:
    both = {"a": tally(rows=4), "b": tally(rows=6)}
    assert incomplete(results(SUITE, both)) == 0
    assert incomplete(results(SUITE, both, {"a": 5, "b": 5})) == 2
    assert incomplete(results(SUITE, both, {"a": 4, "b": 6, "c": 1})) == 1


def test_the_worst_outcome_of_none_is_passed() -> None:
    assert [worst([]), worst(["warned", "passed"]), worst(["warned", "blocked", "passed"])] == ["passed", "warned", "blocked"]
    assert set(WORDS) == set(ORDER)


def test_all_expectations_read_one_metric_and_none_samples_rows() -> None:
    read = [one.get_validation_dependencies().get_metric_configurations() for one in SUITE.expectations]
    assert len({metric.id for metrics in read for metric in metrics}) == 1
    assert {metric.metric_name for metrics in read for metric in metrics} == {METRIC}
