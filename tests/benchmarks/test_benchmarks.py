"""Benchmarks at tiny sizes: they run, check their results, and fail when a result is wrong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks import __main__ as suite
from benchmarks import further_day, gate, statements, upsert
from benchmarks.further_day import Measured, growth
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, QualityError


@pytest.mark.spark
def test_all_that_can_be_tried_run_and_are_right(servers: Instance, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "WARM", 0)
    monkeypatch.setattr(statements, "spark_of", lambda _, found=statements.spark_of: found(servers))
    monkeypatch.setattr(upsert, "PAIRS", 1)
    found = {bench.name: sentences for bench, sentences in suite.run(suite.chosen([], quick=True), instance, quick=True)}
    assert list(found) == ["gate", "upsert", "statements", "extract_csv", "encodings"]
    assert found["gate"][0].startswith("3,000 rows, 30 rules: the gate")
    assert [one.partition(":")[0] for one in found["statements"]] == ["stage and read", "update", "add"]
    assert ", 0 honest ones are refused." in found["encodings"][0]
    with pytest.raises(ConfigError, match="'gates' is no benchmark"):
        suite.chosen(["gates"], quick=True)


@pytest.mark.spark
def test_a_wrong_count_of_gate_or_native_suite_is_an_error(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    right = gate._native
    monkeypatch.setattr(gate, "_native", lambda *given: right(*given) | {"code_0.domain": 0})
    with pytest.raises(QualityError, match=r"code_0\.domain"):
        gate.compare(instance, 300)


@pytest.mark.spark
def test_a_statement_that_leaves_other_rows_is_an_error(servers: Instance, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements.storage, "merge", lambda *_: None)
    with pytest.raises(QualityError, match="0 rows are there, not 10"):
        statements.compare(instance, 1, statements.spark_of(servers))


@pytest.mark.fast
def test_ways_are_compared_with_the_cheapest_of_their_thing() -> None:
    found = statements.Result(2, {"add, INSERT": (50, 40, 60), "add, MERGE": (75, 70, 90)})
    assert suite.said_of_statements(found) == [
        "add: MERGE takes 1.50 times as long as INSERT: 75 (70–90) and 50 (40–60) processor milliseconds."
    ]


@pytest.mark.fast
def test_results_keep_what_was_found_before_of_other_benchmarks() -> None:
    named = {one.name: one for one in suite.BENCHES}
    before = suite.merged("", [(named["upsert"], ["old of upsert."]), (named["gate"], ["old of the gate.", "and more."])])
    after = suite.merged(before, [(named["upsert"], ["new of upsert."])])
    assert [line for line in after.splitlines() if line.startswith(("## ", "* "))] == [
        *("## gate", "* old of the gate.", "* and more."),
        *("## upsert", "* new of upsert."),
    ]
    assert f"`{named['gate'].command}`" in after


@pytest.mark.fast
def test_stages_are_summed_over_resources_and_compared_by_size() -> None:
    def step(name: str, resource: str, attempt: int, seconds: float) -> dict[str, object]:
        return {"step": name, "resource": resource, "attempt": attempt, "seconds": seconds}

    timings = [step("extract", "a", 1, 9.0), step("extract", "a", 2, 1.5), step("extract", "b", 1, 2.5), step("libraries", "", 1, 3.0)]
    small = further_day.stages(SimpleNamespace(timings=timings))
    assert small == {"extract": 4.0, "libraries": 3.0}
    grown = growth([Measured(100, 7.0, 1, 1, small), Measured(1000, 0.0, 1, 1, {"extract": 4.4, "libraries": 28.0, "gate": 0.2})])
    assert [(one.stage, one.says) for one in grown] == [
        ("libraries", "grows with the people"),
        ("extract", "hardly grows"),
        ("gate", "grows with the people"),
    ]
