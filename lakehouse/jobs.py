"""Returns jobs by name (entry points, group `huiliu.jobs`), for an Airflow task and for the command line alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import entry_points
from typing import Any

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.ops import connect, ingest_runs, timings

GROUP = "huiliu.jobs"


@dataclass(frozen=True)
class JobRequest:
    """What a job is asked to do: for which business date, which resource (if any), at which attempt, with which options."""

    business_date: date
    resource: str | None = None
    attempt: int = 1
    options: dict[str, Any] = field(default_factory=dict)


Job = Callable[[Instance, JobRequest], dict[str, Any]]


def job_names() -> list[str]:
    """Returns the names of all jobs."""
    return sorted(point.name for point in entry_points(group=GROUP))


def load_job(name: str) -> Job:
    """Returns the job of that name.

    Raises:
        ConfigError: there is no such job.
    """
    for point in entry_points(group=GROUP):
        if point.name == name:
            job: Job = point.load()
            return job
    raise ConfigError(Problem(f"job {name}", "there is no such job.", nearest_first(name, job_names()), "check the name.").text())


def run_job(name: str, request: JobRequest, instance: Instance | None = None) -> dict[str, Any]:
    """Returns what the job says of its work (JSON-serialisable), with its `seconds`; how it ended is recorded."""
    instance, job = instance or Instance(), load_job(name)
    started_at, started = datetime.now(UTC), time.perf_counter()
    ended = "failed"
    try:
        result = job(instance, request)
        ended = "done"
    finally:
        seconds = round(time.perf_counter() - started, 3)
        _record(
            instance,
            request,
            timings.Timing(request.business_date, name, request.resource or "", request.attempt, seconds, started_at),
            ended,
        )
    return {**result, "seconds": seconds}


def _record(instance: Instance, request: JobRequest, timing: timings.Timing, ended: str) -> None:
    with connect(instance) as connection:
        timings.record(connection, timing)
        if request.resource:
            ingest_runs.note(connection, request.resource, request.business_date, {timing.step: ended})
