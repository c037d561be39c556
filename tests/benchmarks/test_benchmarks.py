"""Benchmarks at tiny sizes: they run, check their results, and fail when a result is wrong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks import further_day, gate, statements
from benchmarks.further_day import Measured, growth
from lakehouse.config import Instance
from lakehouse.errors import QualityError


@pytest.mark.spark
def test_gate_and_native_suite_count_the_same(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    found = gate.compare(instance, 3000)
    assert (found.rows, found.rules) == (3000, 30)
    assert found.broken > 300
    right = gate._native
    monkeypatch.setattr(gate, "_native", lambda *given: right(*given) | {"code_0.domain": 0})
    with pytest.raises(QualityError, match=r"code_0\.domain"):
        gate.compare(instance, 300)


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


@pytest.mark.spark
def test_every_way_of_a_statement_leaves_the_rows_it_should(servers: Instance, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "WARM", 0)
    found = statements.compare(instance, 1, statements.spark_of(servers))
    assert {"add, INSERT", "add, MERGE"} < set(found.milliseconds)
    assert all(least > 0 for _, least, _ in found.milliseconds.values())
    monkeypatch.setattr(statements.storage, "merge", lambda *_: None)
    with pytest.raises(QualityError, match="0 rows are there, not 10"):
        statements.compare(instance, 1, statements.spark_of(servers))
