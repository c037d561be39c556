"""Run business days: through Airflow, watching until a day is published, or step by step in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from infra.local import airflow
from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.errors import ConfigError, DeliveryError, LakehouseError, Problem
from lakehouse.jobs import Answer, JobRequest, run_job
from lakehouse.naming import ingest_dag
from lakehouse.ops import connect, days
from lakehouse.orchestrator import ENDED, Orchestrator, Run, TaskState

POLL_SECONDS = 1.0
DAGS_SECONDS = 120
NO_RUN_SECONDS = 60

Say = Callable[[str], None]


def run_through_airflow(instance: Instance, day: date, say: Say) -> float:
    """Trigger a day and watch it; return the seconds until its last DAG run ended.

    Airflow does the work: killing this process stops nothing.

    Raises:
        DeliveryError: a run of the day failed, so the day is not published.
    """
    orchestrator = Orchestrator(instance)
    wanted = _started_dags(instance, orchestrator)
    before = _ended(orchestrator, day)
    started = time.monotonic()
    _ask_all(lambda dag_id: orchestrator.trigger(dag_id, day), wanted)
    _watch(orchestrator, day, before, say)
    return time.monotonic() - started


def backfill_through_airflow(instance: Instance, first: date, last: date, say: Say) -> Iterator[tuple[date, float]]:
    """Run every date from first to last again, one after the other; yield each when it has ended, with the seconds since the one before.

    Airflow is asked for all dates at once and does the work: killing this process stops nothing.

    Raises:
        ConfigError: the last date lies before the first, or a backfill of the same DAGs is running.
        DeliveryError: a run of a date failed; Airflow goes on with what can go on.
    """
    if last < first:
        raise ConfigError(Problem("huiliu backfill", f"{last} lies before {first}.", "", "name the first date first.").text())
    orchestrator = Orchestrator(instance)
    wanted = _started_dags(instance, orchestrator)
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    before = {day: _ended(orchestrator, day) for day in dates}
    started = time.monotonic()
    _ask_all(lambda dag_id: orchestrator.backfill(dag_id, first, last), wanted)
    for day in dates:
        say(f"\nBusiness day {day}")
        _watch(orchestrator, day, before[day], say)
        yield day, time.monotonic() - started
        started = time.monotonic()


def run_by_hand(instance: Instance, day: date, say: Say) -> float:
    """Run the steps of a day in this process (resources side by side, then the steps of the day in order); return the seconds it took."""
    started = time.monotonic()
    codes = load_sound_contracts(instance.settings.contracts, standard=False)[0]
    ingest_by_hand(instance, [JobRequest(day, code) for code in codes], say)
    for step in steps.DAY:
        say(_line(step, "", run_job(step, JobRequest(day), instance).seconds))
    return time.monotonic() - started


def ingest_by_hand(instance: Instance, requests: Iterable[JobRequest], say: Say) -> bool:
    """Run the ingest of resources side by side in this process; return whether a day that was closed has to be closed again (ADR 0001).

    Each resource spends half its time waiting for Spark. A resource whose ingest fails is a gap of the day.
    """
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as workers:
        begun = [workers.submit(_ingest, instance, request, say) for request in requests]
        return any([ended.result().close_again for ended in begun])


def close_again(instance: Instance, day: date) -> bool:
    """Let Airflow close a closed day again, where it runs; return whether that is left to do by hand."""
    if not airflow.is_healthy(instance):
        return True
    Orchestrator(instance).close_again(day)
    return False


def _ingest(instance: Instance, request: JobRequest, say: Say) -> Answer:
    code = request.resource or ""
    try:
        for step in steps.INGEST:
            answer = run_job(step, request, instance)
            say(_line(step, code, answer.seconds))
            if answer.notes.waiting == 0:
                break  # nothing for the gate or silver to do
    except LakehouseError as error:
        say(f"  {step} {code} failed:\n{error}")
    outcome = run_job(steps.INGEST_OUTCOME, request, instance)
    if not outcome.leaves_nothing:
        for line in run_job(steps.INGEST_GAPS, request, instance).red.splitlines():
            say(f"  gap: {line}")
    return outcome


def _started_dags(instance: Instance, orchestrator: Orchestrator) -> list[str]:
    """Return the DAGs that a day is started with, as soon as Airflow knows them and those that follow them."""
    wanted = [*(ingest_dag(code) for code in load_sound_contracts(instance.settings.contracts, standard=False)[0]), steps.CLOSE_DAY]
    _wait_for_dags(orchestrator, [*wanted, *steps.DAY_DAGS])
    return wanted


def _ended(orchestrator: Orchestrator, day: date) -> set[str]:
    return {run.run_id for run in orchestrator.runs(day) if run.state in ENDED}


def _ask_all(ask: Callable[[str], object], dag_ids: Iterable[str]) -> None:
    """Ask Airflow for a run of each DAG, of all of them even when the user interrupts: half a day would wait for its other half."""
    with ThreadPoolExecutor(1) as asking:
        asking.submit(lambda: [ask(dag_id) for dag_id in dag_ids]).result()


def _wait_for_dags(orchestrator: Orchestrator, wanted: list[str]) -> None:
    deadline = time.monotonic() + DAGS_SECONDS
    while missing := sorted(set(wanted) - set(orchestrator.dag_ids())):
        if time.monotonic() > deadline:
            broken = ", ".join(orchestrator.import_errors()) or "none"
            found = f"these DAGs are not there: {', '.join(missing)}; files that cannot be parsed: {broken}."
            raise DeliveryError(Problem("Airflow", found, "", "see logs/airflow-dag-processor.log and the Airflow UI.").text())
        time.sleep(POLL_SECONDS)


def _watch(orchestrator: Orchestrator, day: date, before: set[str], say: Say) -> None:
    """Tell the tasks of a day as they end, until it is published; runs that ended before it was asked for do not count."""
    told: set[tuple[str, str, int]] = set()
    patience = time.monotonic() + NO_RUN_SECONDS
    while True:
        runs = [run for run in orchestrator.runs(day) if run.run_id not in before and run.dag_id != steps.UPKEEP_DAG]
        _tell(orchestrator, runs, told, say)
        if not runs and time.monotonic() > patience:
            raise DeliveryError(Problem(f"business day {day}", "Airflow made no run for it.", "", f"see {orchestrator.base_url}.").text())
        failed = [run for run in runs if run.state == "failed" and run.dag_id in steps.DAY_DAGS]  # an ingest is red where it has gaps
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
            say(_line(task.task_id, resource, task.seconds) + _red(task))
    told.update((run.run_id, "", 0) for run in watched if run.state in ENDED)


def _red(task: TaskState) -> str:
    """Return what stands behind a task that is red: it failed, or it found gaps, of which its log tells."""
    if task.state != "failed":
        return ""
    return "  GAPS (see its log, or huiliu report)" if task.task_id == steps.INGEST_GAPS else "  FAILED"


def _line(step: str, resource: str, seconds: float | None) -> str:
    return f"  {step:18} {resource:28} {seconds or 0:6.1f} s"


def next_day(instance: Instance) -> date:
    """Return the day after the last published one, else the city's first business date."""
    with connect(instance) as connection:
        last = days.last_published(connection)
    return last.business_date + timedelta(days=1) if last else date.fromisoformat(instance.city.first_business_date)
