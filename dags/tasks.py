"""Parts that the Airflow DAGs share: the task that runs a job, the schedule, and the start and end dates of a city."""

from __future__ import annotations

import logging
import sys
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, CronPartitionTimetable, task
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from lakehouse import steps
from lakehouse.city.profile import CityProfile
from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.orchestrator import Orchestrator

RETRIES = 0  # no automatic retry: a person clears the failed task; attempts that make sense without a person happen inside the job


class SaidAloud(logging.Handler):
    """Write what our code logs to standard output, which Airflow keeps as the log of the task.

    Airflow itself drops every record below the level of all its services, which is WARNING: libraries say a lot, and may quote values.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as a line; standard output is looked up each time, because Airflow replaces it in the process of a task."""
        sys.stdout.write(f"{self.format(record)}\n")
        sys.stdout.flush()


OURS = logging.getLogger("huiliu")
OURS.handlers = [SaidAloud()]
OURS.setLevel(logging.INFO)
OURS.propagate = False


def business_date(context: dict[str, Any]) -> date:
    """Return the business date of a run: its partition key."""
    return date.fromisoformat(context["dag_run"].partition_key)


def job_task(job: str, resource: str | None = None, emits: Asset | None = None, **settings: Any) -> Any:
    """Return a task that runs a job by name; with `emits` it ends with an asset event that carries the job's answer.

    A job that repaired a closed day asks for the day to be closed again (ADR 0001). If a job left nothing for the next task, that task is
    skipped: starting a task costs the same even when it has nothing to do. A job that found something missing did its work; its task is
    red all the same.
    """

    @task(task_id=job, task_display_name=shown(job), outlets=[emits] if emits else [], retries=RETRIES, **settings)
    def run(**context: Any) -> dict[str, Any]:
        request = JobRequest(business_date(context), resource, context["ti"].try_number)
        answer = run_job(job, request)
        facts = answer.facts()
        if answer.close_again:
            Orchestrator(Instance()).close_again(request.business_date)
        if emits:
            context["outlet_events"][emits].extra = {key: facts[key] for key in ("outcome", "issue") if key in facts}
        if answer.red:
            raise AirflowFailException(answer.red)
        if answer.leaves_nothing and context["task"].downstream_task_ids:
            context["ti"].xcom_push("return_value", facts)
            raise DownstreamTasksSkipped(tasks=sorted(context["task"].downstream_task_ids))
        return facts

    return run()


def shown(step: str) -> str:
    """Return a step's name as Airflow shows it: in Chinese, with the id that commands and logs use."""
    return f"{steps.NAMES[step][0]} {step}"


def midnight_schedule(city: CityProfile) -> CronPartitionTimetable:
    """Return the schedule of an ingest or close_day DAG: its run starts at the midnight that ends the business date (ADR 0001)."""
    return CronPartitionTimetable("0 0 * * *", timezone=city.timezone, run_offset=-1, key_format="%Y-%m-%d")


def dag_dates(city: CityProfile) -> dict[str, datetime]:
    """Return start and end date of a scheduled DAG; with a manual clock the end lies before the start, so no run starts by itself."""
    first = datetime.fromisoformat(city.first_business_date).replace(tzinfo=ZoneInfo(city.timezone))
    if city.clock == "wall":
        return {"start_date": first}
    return {"start_date": first - timedelta(days=2), "end_date": first - timedelta(days=1)}


def chain(*tasks: Any) -> None:
    """Make each task run after the one before it."""
    for earlier, later in pairwise(tasks):
        earlier >> later
