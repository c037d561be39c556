"""The tasks of an ingest DAG, run in a process of Airflow's own on a real database: the last one is red over a gap, else skipped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from huiliu.main import app
from infra.local import airflow
from lakehouse import steps
from lakehouse.config import PROJECT, Instance
from lakehouse.ops import connect, ingest_runs

pytestmark = pytest.mark.spark

LIST, FIRST = "s_elderly_service_list", date(2026, 6, 1)
TASKS = """
import json, sys
from collections import defaultdict
from types import SimpleNamespace
from dags import ingest
dag, told = getattr(ingest, "ingest__s_elderly_service_list"), {}
for name in ("ingest_outcome", "ingest_gaps"):
    emitted = defaultdict(SimpleNamespace)
    told_by = SimpleNamespace(try_number=1, xcom_push=lambda *one: None)
    run = SimpleNamespace(partition_key="2026-06-01")
    try:
        dag.get_task(name).python_callable(dag_run=run, ti=told_by, task=dag.get_task(name), outlet_events=emitted)
        ended = ["done", ""]
    except Exception as error:
        ended = [type(error).__name__, str(getattr(error, "tasks", None) or error)]
    told[name] = [*ended, [one.extra for one in emitted.values()]]
told["shape"] = {one.task_id: [sorted(one.upstream_task_ids), one.trigger_rule.value, len(one.outlets)] for one in dag.tasks}
print(json.dumps(told))
"""


def said(instance: Instance, code: str) -> dict[str, Any]:
    """Return the object that some code prints last in Airflow's environment of an instance."""
    environment = {**os.environ, **instance.settings.environment(), **airflow.environment(instance)}
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ended(instance: Instance, **how: str) -> None:
    with connect(instance) as connection:
        ingest_runs.start(connection, LIST, FIRST)
    with connect(instance) as connection:
        for name in steps.INGEST:
            ingest_runs.record_step(connection, LIST, FIRST, ingest_runs.Step(name, how.get(name, "done")))  # type: ignore[arg-type]


def told_by_hand() -> int:
    """Return the exit code of the job that the last task runs."""
    return CliRunner().invoke(app, ["job", "ingest_gaps", "--resource", LIST, "--date", FIRST.isoformat()]).exit_code


def test_the_asset_is_emitted_and_the_last_task_is_red_over_a_gap_else_skipped(instance: Instance) -> None:
    ended(instance, gate="failed")
    told = said(instance, TASKS)
    assert told["shape"] == {
        "extract": [[], "all_success", 0],
        "gate": [["extract"], "all_success", 0],
        "silver": [["gate"], "all_success", 0],
        "ingest_outcome": [["silver"], "all_done", 1],  # the day waits for this one and for nothing after it
        "ingest_gaps": [["ingest_outcome", "silver"], "all_done", 0],
    }
    assert told["ingest_outcome"] == ["done", "", [{"outcome": "failed"}]]
    kind, reason, _ = told["ingest_gaps"]
    assert kind == "AirflowFailException"
    assert f"{LIST} is failed since {FIRST}, ticket " in reason
    assert told_by_hand() == 3
    ended(instance)
    told = said(instance, TASKS)
    assert told["ingest_outcome"] == ["DownstreamTasksSkipped", "['ingest_gaps']", [{"outcome": "nothing"}]]
    assert told["ingest_gaps"][0] == "done"
    assert told_by_hand() == 0
