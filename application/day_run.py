"""Run a business day: through Airflow, watching until the day is published, or step by step in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.errors import DeliveryError, LakehouseError, Problem
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import ingest_dag
from lakehouse.ops import connect, days
from lakehouse.orchestrator import ENDED, Orchestrator, Run

POLL_SECONDS = 1.0
DAGS_SECONDS = 120

Say = Callable[[str], None]


def run_through_airflow(instance: Instance, day: date, say: Say) -> float:
    """Trigger a day and watch it; return the seconds until its last DAG run ended.

    Airflow does the work: killing this process stops nothing.

    Raises:
        DeliveryError: a run of the day failed, so the day is not published.
    """
    orchestrator = Orchestrator(instance)
    wanted = [*(ingest_dag(code) for code in load_sound_contracts(instance.settings.contracts, standard=False)[0]), steps.CLOSE_DAY]
    _wait_for_dags(orchestrator, [*wanted, *steps.DAY_DAGS])
    before = {run.run_id for run in orchestrator.runs(day)}
    started = time.monotonic()
    for dag_id in wanted:
        orchestrator.trigger(dag_id, day)
    _watch(orchestrator, day, before, say)
    return time.monotonic() - started


def run_by_hand(instance: Instance, day: date, say: Say) -> float:
    """Run the steps of a day in this process (resources side by side, then the steps of the day in order); return the seconds it took."""
    started = time.monotonic()
    codes = load_sound_contracts(instance.settings.contracts, standard=False)[0]
    ingest_by_hand(instance, [JobRequest(day, code) for code in codes], say)
    for step in steps.DAY:
        say(_line(step, "", run_job(step, JobRequest(day), instance).seconds))
    return time.monotonic() - started


def ingest_by_hand(instance: Instance, requests: Iterable[JobRequest], say: Say) -> None:
    """Run the ingest of resources side by side in this process.

    Each resource spends half its time waiting for Spark. A resource whose ingest fails is a gap of the day.
    """
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as workers:
        for ended in [workers.submit(_ingest, instance, request, say) for request in requests]:
            ended.result()


def _ingest(instance: Instance, request: JobRequest, say: Say) -> None:
    code = request.resource or ""
    try:
        for step in steps.INGEST:
            answer = run_job(step, request, instance)
            say(_line(step, code, answer.seconds))
            if answer.notes.waiting == 0:
                break  # nothing for the gate or silver to do
    except LakehouseError as error:
        say(f"  {step} {code} failed:\n{error}")
    run_job(steps.INGEST_OUTCOME, request, instance)


def _wait_for_dags(orchestrator: Orchestrator, wanted: list[str]) -> None:
    deadline = time.monotonic() + DAGS_SECONDS
    while missing := sorted(set(wanted) - set(orchestrator.dag_ids())):
        if time.monotonic() > deadline:
            broken = ", ".join(orchestrator.import_errors()) or "none"
            found = f"these DAGs are not there: {', '.join(missing)}; files that cannot be parsed: {broken}."
            raise DeliveryError(Problem("Airflow", found, "", "see logs/airflow-dag-processor.log and the Airflow UI.").text())
        time.sleep(POLL_SECONDS)


def _watch(orchestrator: Orchestrator, day: date, before: set[str], say: Say) -> None:
    told: set[tuple[str, str, int]] = set()
    while True:
        runs = [run for run in orchestrator.runs(day) if run.run_id not in before]
        _tell(orchestrator, runs, told, say)
        failed = [run for run in runs if run.state == "failed"]
        busy = [run for run in runs if run.state not in ENDED]
        if any(run.dag_id == steps.RETURNS and run.state == "success" for run in runs) and not busy:
            return
        if failed and not busy:
            names = ", ".join(sorted({run.dag_id for run in failed}))
            fix = f"see the red task in the Airflow UI ({orchestrator.base_url}), repair the cause and clear it."
            raise DeliveryError(Problem(f"business day {day}", f"{names} failed; the day is not published.", "", fix).text())
        time.sleep(POLL_SECONDS)


def _tell(orchestrator: Orchestrator, runs: list[Run], told: set[tuple[str, str, int]], say: Say) -> None:
    watched = [run for run in runs if (run.run_id, "", 0) not in told]
    for task in orchestrator.tasks(*watched):
        mark = (task.run_id, task.task_id, task.try_number)
        if task.state in ENDED and mark not in told:
            told.add(mark)
            resource = task.dag_id.partition("__")[2]
            say(_line(task.task_id, resource, task.seconds) + ("  FAILED" if task.state == "failed" else ""))
    told.update((run.run_id, "", 0) for run in watched if run.state in ENDED)


def _line(step: str, resource: str, seconds: float | None) -> str:
    return f"  {step:18} {resource:28} {seconds or 0:6.1f} s"


def next_day(instance: Instance) -> date:
    """Return the day after the last published one, else the city's first business date."""
    with connect(instance) as connection:
        last = days.last_published(connection)
    return last.business_date + timedelta(days=1) if last else date.fromisoformat(instance.city.first_business_date)
