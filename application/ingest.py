"""Take delivered files of any contract through landing, gate and silver, without Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.jobs import Answer, JobRequest, run_job
from lakehouse.ops import batches, connect, tickets
from lakehouse.ops.batches import Batch
from spark_jobs.jobs.extract import ExtractAnswer


@dataclass(frozen=True)
class Handed:
    """Delivered files with their resource, the business date they are about, and their provider (empty: the contract's only one)."""

    resource: str
    files: tuple[str, ...]
    business_date: date
    provider: str = ""


@dataclass(frozen=True)
class Taken:
    """The result of taking files in: their batches, the answer of each step, the messages of the resource's open tickets."""

    batches: tuple[Batch, ...]
    answers: Mapping[str, Answer]
    messages: tuple[str, ...]

    @property
    def is_let_in(self) -> bool:
        """Return whether every batch passed its gate (or no new batch came)."""
        return all(batch.is_known for batch in self.batches)


def take(instance: Instance, handed: Handed) -> Taken:
    """Run the ingest steps of one resource on files and return the result."""
    options = {"files": list(handed.files)} | ({"provider": handed.provider} if handed.provider else {})
    answers: dict[str, Answer] = {}
    for step in (*steps.INGEST, steps.INGEST_OUTCOME):
        request = JobRequest(handed.business_date, handed.resource, options=options if step == steps.INGEST[0] else {})
        answers[step] = run_job(step, request, instance)
    extracted = answers[steps.INGEST[0]]
    assert isinstance(extracted, ExtractAnswer)
    with connect(instance) as connection:
        taken = [batch for batch in (batches.get(connection, one.batch_id) for one in extracted.batches) if batch]
        open_ = tickets.find(connection, handed.business_date, only_open=True)
    told = tuple(ticket.message for ticket in open_ if ticket.resource == handed.resource)
    return Taken(tuple(taken), answers, told)
