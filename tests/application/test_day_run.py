"""Days are watched through Airflow's API: each date by itself, new runs only, nothing half asked for, nothing waited for in vain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from application import day_run
from application.day_run import backfill_through_airflow, run_through_airflow
from lakehouse import steps
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import contract_paths, resource_code
from lakehouse.errors import ConfigError, DeliveryError
from lakehouse.naming import ingest_dag
from lakehouse.orchestrator import Orchestrator
from tests.lakehouse.airflow import Airflow, airflow, dates, instance_at

pytestmark = pytest.mark.fast
INGEST = [ingest_dag(resource_code(path)) for path in contract_paths(PROJECT / "contracts")]
FIRST, SECOND = dates(1, 2)


@pytest.fixture
def speaking() -> Iterator[Airflow]:
    with airflow(dags=[*INGEST, *steps.DAY_DAGS]) as found:
        yield found


def test_a_backfill_asks_for_every_dag_and_tells_one_date_after_the_other(speaking: Airflow, tmp_path: Path) -> None:
    said: list[str] = []
    ended = [day for day, _ in backfill_through_airflow(instance_at(tmp_path, speaking.port), FIRST, SECOND, said.append)]
    assert ended == [FIRST, SECOND]
    assert {body["dag_id"] for body in speaking.asked} == {*INGEST, "close_day"}
    assert {(body["from_date"][:10], body["to_date"][:10]) for body in speaking.asked} == {("2026-06-01", "2026-06-02")}
    begins = [said.index(f"\nBusiness day {day}") for day in ended]
    of_first, of_second = said[begins[0] + 1 : begins[1]], said[begins[1] + 1 :]
    assert len(of_first) == len(of_second) == len(INGEST) + len(steps.DAY_DAGS)
    assert any(line.split() == ["returns", "1.5", "s"] for line in of_first)


def test_runs_that_ended_before_do_not_count_even_behind_a_hundred_others(speaking: Airflow, tmp_path: Path) -> None:
    for _ in range(60):
        speaking.run("returns", "2026-06-01")
        speaking.run("close_day", "2026-06-01", "failed")
    instance, said = instance_at(tmp_path, speaking.port), list[str]()
    assert len(Orchestrator(instance).runs(FIRST)) == 120
    run_through_airflow(instance, FIRST, said.append)
    assert len(said) == len(INGEST) + len(steps.DAY_DAGS)


def test_a_day_does_not_wait_for_the_upkeep_that_follows_it(speaking: Airflow, tmp_path: Path) -> None:
    speaking.run(steps.UPKEEP_DAG, "2026-06-01", "running")
    said: list[str] = []
    run_through_airflow(instance_at(tmp_path, speaking.port), FIRST, said.append)
    assert not any(steps.UPKEEP_DAG in line for line in said)


def test_a_failed_run_is_told_and_ends_the_backfill(speaking: Airflow, tmp_path: Path) -> None:
    speaking.states = {"returns": "failed"}
    said: list[str] = []
    with pytest.raises(DeliveryError, match=r"business day 2026-06-01:\n.*returns failed; the day is not published"):
        list(backfill_through_airflow(instance_at(tmp_path, speaking.port), FIRST, SECOND, said.append))
    assert any(line.endswith("FAILED") for line in said)


def test_an_ingest_that_is_red_over_a_gap_does_not_keep_the_day_from_being_published(speaking: Airflow, tmp_path: Path) -> None:
    speaking.states = {INGEST[0]: "failed"}
    said: list[str] = []
    run_through_airflow(instance_at(tmp_path, speaking.port), FIRST, said.append)
    assert [line.endswith("FAILED") for line in said].count(True) == 1
    assert any(line.split()[0] == "returns" for line in said)


def test_a_date_airflow_makes_no_run_for_is_not_waited_for(speaking: Airflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speaking.runs_made = False
    monkeypatch.setattr(day_run, "NO_RUN_SECONDS", 0)
    with pytest.raises(DeliveryError, match=r"2026-06-01:\n.*made no run"):
        list(backfill_through_airflow(instance_at(tmp_path, speaking.port), FIRST, SECOND, print))


def test_a_refused_backfill_says_why(speaking: Airflow, tmp_path: Path) -> None:
    speaking.refusal = (409, "Another backfill is running.")
    with pytest.raises(ConfigError, match=r"POST /api/v2/backfills:\n.*answered 409 \(Another backfill is running\)\."):
        list(backfill_through_airflow(instance_at(tmp_path, speaking.port), FIRST, SECOND, print))
    with pytest.raises(ConfigError, match="2026-06-01 lies before 2026-06-02"):
        list(backfill_through_airflow(instance_at(tmp_path, speaking.port), SECOND, FIRST, print))
