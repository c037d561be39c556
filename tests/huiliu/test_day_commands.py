"""Exit codes of the commands that run or report days, and what Ctrl-C leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from application.report import DayReport
from huiliu.exit_codes import exit_code, leave
from huiliu.report import print_report
from lakehouse import steps
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import contract_paths, resource_code
from lakehouse.naming import ingest_dag
from tests.application.pages.reports import quiet
from tests.lakehouse.airflow import Airflow, airflow, instance_at

pytestmark = pytest.mark.fast
INGEST = [ingest_dag(resource_code(path)) for path in contract_paths(PROJECT / "contracts")]
GAP = {"resource": "city_register", "provider": None, "kind": "silent", "due_on": "2026-06-06"}
BROKEN = {"id": "I2", "ok": False, "detail": "broken"}


def report(**given: Any) -> DayReport:
    """Return the report of a quiet published day, with changes."""
    facts = quiet() | given
    return DayReport(**{one.name: facts.get(one.name) for one in fields(DayReport)})


def test_a_filled_gap_is_printed_as_filled_and_when(capsys: pytest.CaptureFixture[str]) -> None:
    ticket = {"ticket": 7, "settled_on": None, "settled_by": None}
    settled = {"ticket": 8, "settled_on": "2026-06-06", "settled_by": "run_done", "filled_at": "2026-06-07T09:12+08:00"}
    print_report(report(gaps=[{**GAP, **ticket}], filled=[{**GAP, "kind": "failed", **settled}]))
    told = capsys.readouterr().out.splitlines()
    assert "Gap: city_register silent (due 2026-06-06), ticket 7" in told
    assert "Filled 2026-06-07 09:12: city_register failed (due 2026-06-06), ticket 8, settled on 2026-06-06: run_done" in told


def test_what_was_stopped_and_is_settled_is_printed_so(capsys: pytest.CaptureFixture[str]) -> None:
    stopped = [{"kind": "refused", "reason": f"{name}.csv: no header", "state": name} for name in ("open", "closed")]
    print_report(report(stopped=stopped))
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Refused")]
    assert told == ["Refused: open.csv: no header", "Refused: closed.csv: no header (settled)"]


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ([{}], 0),
        ([{"gaps": [GAP]}], 3),
        ([{"state": "closed"}], 1),
        ([{"gaps": [GAP], "state": "closed"}], 1),
        ([{"gaps": [GAP], "invariants": [BROKEN]}], 1),
        ([{}, {"gaps": [GAP]}, {}], 3),
        ([{"state": "closed"}, {"gaps": [GAP]}], 1),
    ],
)
def test_the_worst_day_decides(days: list[dict[str, Any]], code: int) -> None:
    assert exit_code([report(**one) for one in days]) == code


def test_what_a_day_lacks_is_said_on_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        leave([report(), report(date="2026-06-07", gaps=[GAP, GAP]), report(date="2026-06-08", state="closed")])
    assert left.value.exit_code == 1
    assert capsys.readouterr().err == "2026-06-07 is published with 2 gaps.\n2026-06-08 is not published.\n"
    leave([report()])


@pytest.mark.parametrize(("code", "passes"), [(0, True), (3, True), (1, False), (2, False)])
def test_make_run_accepts_gaps_and_says_that_they_are_meant(tmp_path: Path, code: int, passes: bool) -> None:
    recipe = subprocess.run(["make", "-n", "-C", str(PROJECT), "run"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "huiliu").write_text(f"#!/bin/sh\nexit {code}\n")
    (tmp_path / "huiliu").chmod(0o755)
    lines = recipe[recipe.index("if [[") : recipe.rindex("fi") + 2].replace(str(PROJECT / ".venv" / "bin"), str(tmp_path))
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is passes
    assert ("by design" in done.stdout) is (code == 3)


@pytest.fixture
def busy_airflow() -> Iterator[Airflow]:
    """Return an Airflow in which every day goes on without end."""
    states = dict.fromkeys([*INGEST, *steps.DAY_DAGS], "running")
    with airflow(dags=[*INGEST, *steps.DAY_DAGS], states=states) as found:
        yield found


def test_an_interrupt_leaves_the_days_running_and_says_so(busy_airflow: Airflow, tmp_path: Path) -> None:
    instance = instance_at(tmp_path, busy_airflow.port)
    environment = {**os.environ, **instance.settings.environment()}
    started = [sys.executable, "-u", "-m", "huiliu.main", "backfill", "2026-06-01", "2026-06-02"]
    with subprocess.Popen(started, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        while not busy_airflow.asked:
            assert watching.poll() is None, watching.communicate()
            time.sleep(0.05)
        watching.send_signal(signal.SIGINT)
        try:
            _, told = watching.communicate(timeout=60)
        finally:
            watching.kill()  # where the tests were started with interrupts ignored, it ignores them too
    assert watching.returncode == 130
    assert {body["dag_id"] for body in busy_airflow.asked} == {*INGEST, "close_day"}  # none is left out
    assert f"2026-06-01 to 2026-06-02 goes on in Airflow (http://127.0.0.1:{busy_airflow.port})" in told
