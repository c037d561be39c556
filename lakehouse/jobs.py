"""Find and run jobs by name (entry points, group `huiliu.jobs`), for an Airflow task and for the command line alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from importlib.metadata import entry_points
from typing import Any

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.ops import connect, ingest_runs, timings

GROUP = "huiliu.jobs"


@dataclass(frozen=True)
class JobRequest:
    """What a job is asked to do: for which business date, which resource (if any), in which attempt, with which options."""

    business_date: date
    resource: str | None = None
    attempt: int = 1
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result a job reports; every job adds its own fields.

    Attributes:
        outcome: how the job ended, in one word.
        issue: the issue of the business day that the job worked on, if it worked on one.
        close_again: whether a day that was closed without this job's work has to be closed again.
        notes: what the job adds to the ingest run of its resource.
        seconds: how long the job took; filled in by `run_job`.
    """

    outcome: str | None = None
    issue: int | None = None
    close_again: bool = False
    notes: ingest_runs.Notes = field(default_factory=ingest_runs.Notes)
    seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        """Return the answer as values JSON can hold; fields the job did not set are left out."""
        told = {name: value for name, value in asdict(self).items() if name != "notes" and value is not None}
        return told | ({} if self.notes.waiting is None else {"waiting": self.notes.waiting})


Job = Callable[[Instance, JobRequest], Answer]


def job_names() -> list[str]:
    """Return the names of all jobs."""
    return sorted(point.name for point in entry_points(group=GROUP))


def load_job(name: str) -> Job:
    """Return the job of that name.

    Raises:
        ConfigError: there is no such job.
    """
    for point in entry_points(group=GROUP):
        if point.name == name:
            job: Job = point.load()
            return job
    raise ConfigError(Problem(f"job {name}", "there is no such job.", nearest_first(name, job_names()), "check the name.").text())


def run_job(name: str, request: JobRequest, instance: Instance | None = None) -> Answer:
    """Run a job and return its answer; record how long it took and how it ended, even when it raises."""
    instance, job = instance or Instance(), load_job(name)
    started_at, started = datetime.now(UTC), time.perf_counter()
    answer: Answer | None = None
    try:
        answer = job(instance, request)
    finally:
        seconds = round(time.perf_counter() - started, 3)
        timing = timings.Timing(request.business_date, name, request.resource or "", request.attempt, seconds, started_at)
        _record(instance, request, timing, answer)
    return replace(answer, seconds=seconds)


def _record(instance: Instance, request: JobRequest, timing: timings.Timing, answer: Answer | None) -> None:
    """Record how long a job took and, in the ingest run of its resource, how it ended (no answer: it failed)."""
    with connect(instance) as connection:
        timings.record(connection, timing)
        if request.resource:
            step = ingest_runs.Step(timing.step, "done" if answer else "failed", answer.notes if answer else ingest_runs.Notes())
            ingest_runs.record_step(connection, request.resource, request.business_date, step)
