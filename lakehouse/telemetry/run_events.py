"""Tell the run of a job as OpenLineage events: START, then COMPLETE or FAIL, with what it read and wrote.

A fault of the telling is logged and never fails a job.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from lakehouse.config import Instance
from lakehouse.errors import LakehouseError
from lakehouse.telemetry import facets, outbox
from lakehouse.telemetry.datasets import Catalogue
from lakehouse.telemetry.facets import Facets
from lakehouse.telemetry.flows import Flow, flow_of
from lakehouse.telemetry.known import catalogue

LOG = logging.getLogger("huiliu.telemetry")
WITHOUT_SPARK = ("ingest_outcome", "close_day", "returns_publish")
Event = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A run of a job: what it is asked to do, when it began, and the id that all its events share."""

    job: str
    business_date: date
    resource: str | None
    attempt: int
    started_at: datetime
    run_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def name(self) -> str:
        """Return the name of the job, `extract.<resource>` or `libraries`."""
        return f"{self.job}.{self.resource}" if self.resource else self.job


def began(instance: Instance, run: Run) -> None:
    """Tell that a run has begun."""
    _told(
        instance,
        lambda known: [_event(_Teller(instance, known), run, ("START", run.started_at), flow_of(run.job, run.resource, {}, known))],
    )


def ended(instance: Instance, run: Run, facts: Mapping[str, Any]) -> None:
    """Tell that a run has ended well, with the facts of its answer; each library is told as a run of its own inside it."""
    _told(instance, lambda known: [*_completed(_Teller(instance, known), run, facts)])


def failed(instance: Instance, run: Run, error: BaseException) -> None:
    """Tell that a run has failed; only a message that is written for people is told, because others may quote values."""

    def events(known: Catalogue) -> list[Event]:
        message = str(error) if isinstance(error, LakehouseError) else f"{type(error).__name__}; the full message is in the log of the job."
        said = facets.facet("errorMessage", message=message, programmingLanguage="PYTHON")
        flow = flow_of(run.job, run.resource, {}, known)
        return [_event(_Teller(instance, known), run, ("FAIL", datetime.now(UTC)), flow, said)]

    _told(instance, events)


@dataclass(frozen=True)
class _Teller:
    instance: Instance
    known: Catalogue


def _told(instance: Instance, events: Callable[[Catalogue], list[Event]]) -> None:
    try:
        outbox.keep(instance, events(catalogue(instance)))
    except Exception as error:  # whatever it is: the job has done its work
        LOG.warning("OpenLineage: the event cannot be written (%s)", type(error).__name__)


def _completed(teller: _Teller, run: Run, facts: Mapping[str, Any]) -> Iterator[Event]:
    flow = flow_of(run.job, run.resource, facts, teller.known)
    now = datetime.now(UTC)
    for part, inner in flow.parts.items():
        child = Run(f"{run.job}.{part}", run.business_date, None, run.attempt, run.started_at)
        parent = _parent(teller, run)
        yield _event(teller, child, ("START", run.started_at), inner, parent)
        yield _event(teller, child, ("COMPLETE", now), inner, parent)
    yield _event(teller, run, ("COMPLETE", now), flow, _parameters(run, facts))


def _event(teller: _Teller, run: Run, state: tuple[str, datetime], flow: Flow, said: Facets | None = None) -> Event:
    type_, at = state
    is_whole = type_ == "COMPLETE" and not flow.parts
    job_type = facets.facet("jobType", processingType="BATCH", integration="HUILIU", jobType="JOB")
    return {
        "eventType": type_,
        "eventTime": at.isoformat(),
        "producer": facets.producer(),
        "schemaURL": facets.RUN_EVENT,
        "run": {"runId": run.run_id, "facets": {**_nominal_time(teller, run), **_engine(run), **_parameters(run, {}), **(said or {})}},
        "job": {"namespace": _namespace(teller), "name": run.name, "facets": job_type},
        "inputs": [_dataset(teller, key, ("inputFacets", one), flow if is_whole else None) for key, one in flow.reads.items()],
        "outputs": [_dataset(teller, key, ("outputFacets", one), flow if is_whole else None) for key, one in flow.writes.items()],
    }


def _dataset(teller: _Teller, key: str, told: tuple[str, Facets], flow: Flow | None) -> Event:
    """Return a dataset of an event; what is declared of it is told once, when the run has ended."""
    known, (place, counted) = teller.known.datasets[key], told
    named = {"namespace": known.namespace, "name": known.name}
    if flow is None:
        return named
    at = facets.facet("version", datasetVersion=str(flow.versions[key])) if key in flow.versions else {}
    declared = {name: one for name, one in known.facets.items() if place == "outputFacets" or name != "columnLineage"}
    return {**named, "facets": {**declared, **at}, place: counted}


def _namespace(teller: _Teller) -> str:
    return f"huiliu.{teller.instance.city.code}"


def _parent(teller: _Teller, run: Run) -> Facets:
    return facets.facet("parent", run={"runId": run.run_id}, job={"namespace": _namespace(teller), "name": run.name})


def _nominal_time(teller: _Teller, run: Run) -> Facets:
    """Return the business date as the time a run is about: from its midnight to the next."""
    first = datetime.combine(run.business_date, datetime.min.time(), teller.instance.timezone)
    return facets.facet("nominalTime", nominalStartTime=first.isoformat(), nominalEndTime=(first + timedelta(days=1)).isoformat())


def _engine(run: Run) -> Facets:
    name, package = ("python", "huiliu") if run.job in WITHOUT_SPARK else ("spark", "pyspark-client")
    return facets.facet("processing_engine", name=name, version=_version(package))


def _parameters(run: Run, facts: Mapping[str, Any]) -> Facets:
    batches = [one["batch_id"] for name in ("batches", "judged", "by_batch") for one in _listed(facts.get(name))]
    told = {
        "business_date": run.business_date.isoformat(),
        "resource": run.resource,
        "attempt": run.attempt,
        **{name: facts.get(name) for name in ("outcome", "issue")},
        "batches": ",".join(batches) or None,
    }
    return facets.facet("executionParameters", parameters=[{"key": key, "value": str(one)} for key, one in told.items() if one is not None])


def _listed(value: object) -> list[Mapping[str, Any]]:
    return list(value) if isinstance(value, list | tuple) else []


@cache
def _version(package: str) -> str:
    return version(package)
