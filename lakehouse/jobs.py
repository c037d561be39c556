"""Find and run jobs by name (entry points, group `huiliu.jobs`), for an Airflow task and for the command line alike.

What a job did is logged in lines for people; Airflow keeps them as the log of its task (`LOG`, infra/local/airflow.py).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from importlib.metadata import entry_points
from typing import Any

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, LakehouseError, Problem, nearest_first, without_values
from lakehouse.ops import connect, ingest_runs, timings
from lakehouse.telemetry import run_events
from lakehouse.upkeep import turns

GROUP = "huiliu.jobs"
LOG = logging.getLogger("huiliu.jobs")
ID_CHARACTERS = 12  # of a batch id, as all lists show it


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

    @property
    def leaves_nothing(self) -> bool:
        """Return whether there is nothing for the next task to do."""
        return self.notes.waiting == 0

    @property
    def red(self) -> str:
        """Return why the task is to be red although the job did its work; empty where it is not."""
        return ""

    def facts(self) -> dict[str, Any]:
        """Return the answer as values JSON can hold; fields the job did not set are left out."""
        told = {name: value for name, value in asdict(self).items() if name != "notes" and value is not None}
        return told | ({} if self.notes.waiting is None else {"waiting": self.notes.waiting})


Job = Callable[[Instance, JobRequest], Answer]


def resource_of(name: str, request: JobRequest) -> str:
    """Return the resource a job is asked to work on.

    Raises:
        ConfigError: none was named.
    """
    if request.resource is None:
        raise ConfigError(Problem(f"job {name}", "no resource was named.", "", "add --resource.").text())
    return request.resource


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
    """Run a job and return its answer; log, record and tell (OpenLineage) how long it took and how it ended, even when it raises.

    Raises:
        LakehouseError: an error of Spark whose message may quote values from the data, told without them.
    """
    instance, job = instance or Instance(), load_job(name)
    run = run_events.Run(name, request.business_date, request.resource, request.attempt, datetime.now(UTC))
    run_events.began(instance, run)
    try:
        answer = _recorded(job, instance, request, run)
    except BaseException as error:  # Ctrl-C too: what has begun is told to have ended
        run_events.failed(instance, run, error)
        raise
    run_events.ended(instance, run, answer.facts())
    for line in lines(name, request, answer):
        LOG.info("%s", line)
    return answer


def _recorded(job: Job, instance: Instance, request: JobRequest, run: run_events.Run) -> Answer:
    """Return the answer of a job; record how long it took and how it ended."""
    started, answer = time.perf_counter(), None
    what = _what(run.job, request)
    LOG.info("%s: begins, attempt %s", what, request.attempt)
    try:
        with nullcontext() if run.job == steps.UPKEEP else turns.writing(instance):
            answer = job(instance, request)
    except Exception as error:
        if isinstance(error, LakehouseError) or without_values(str(error)) == str(error):
            raise
        problem = Problem(f"job {what}", without_values(str(error)), "", "the full message is in logs/spark.log.")
        raise LakehouseError(problem.text()).with_traceback(error.__traceback__) from None
    finally:
        seconds = round(time.perf_counter() - started, 3)
        timing = timings.Timing(request.business_date, run.job, request.resource or "", request.attempt, seconds, run.started_at)
        if answer is None:
            LOG.info("%s: failed after %.1f s", what, seconds)
        _record(instance, request, timing, answer)
    return replace(answer, seconds=seconds)


def lines(name: str, request: JobRequest, answer: Answer) -> list[str]:
    """Return what a job did as lines for people: one for the job, one for each batch, model, gap … that its answer tells of.

    Answers hold names, counts and reasons, never a value from the data; so do the lines.
    """
    facts = answer.facts()
    single = {name: value for name, value in facts.items() if not isinstance(value, Mapping | list | tuple)}
    shown = [f"{said} {_text(value)}" for said, value in single.items() if _is_news(said, value)]
    first = ", ".join([answer.outcome or "done", *shown, f"{answer.seconds:.1f} s"])
    return [f"{_what(name, request)}: {first}", *_details(facts)]


def _what(name: str, request: JobRequest) -> str:
    return " ".join(part for part in (name, request.resource, request.business_date.isoformat()) if part)


def _is_news(name: str, value: object) -> bool:
    return name not in ("outcome", "seconds") and (name != "close_again" or bool(value))


def _details(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each thing that an answer lists; counts that are zero and what is empty are left out."""
    for name, value in facts.items():
        if isinstance(value, Mapping) and value:
            yield f"  {name}: {_text(value)}"
        elif isinstance(value, list | tuple):
            yield from (f"  {name}: {_text(one)}" for one in value)


def _text(value: object, name: str = "") -> str:
    if isinstance(value, Mapping):
        told = {key: one for key, one in value.items() if isinstance(one, bool) or one}
        return ", ".join(f"{key} ({_text(one)})" if isinstance(one, Mapping) else f"{key} {_text(one, key)}" for key, one in told.items())
    if isinstance(value, list | tuple):
        return "; ".join(_text(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:ID_CHARACTERS] if name == "batch_id" else " ".join(str(value).split())


def _record(instance: Instance, request: JobRequest, timing: timings.Timing, answer: Answer | None) -> None:
    """Record how long a job took and, in the ingest run of its resource, how it ended (no answer: it failed)."""
    with connect(instance) as connection:
        timings.record(connection, timing)
        if request.resource:
            step = ingest_runs.Step(timing.step, "done" if answer else "failed", answer.notes if answer else ingest_runs.Notes())
            ingest_runs.record_step(connection, request.resource, request.business_date, step)
