"""Take delivered files of any contract, or a source that is asked again, through landing, gate and silver, without Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.jobs import Answer, JobRequest, run_job
from lakehouse.ops import batches, connect, tickets
from lakehouse.ops.batches import Batch
from spark_jobs.jobs.extract import ExtractAnswer
from spark_jobs.jobs.gate import GateAnswer


@dataclass(frozen=True)
class Handed:
    """What is to be taken in of a resource about a business date.

    Attributes:
        resource: code of the resource.
        files: delivered files; none where the source is asked again.
        business_date: the date they are about.
        provider: who sent them (empty: the contract's only one).
        again: options of the step that asks the source again; empty where files are handed over.
    """

    resource: str
    files: tuple[str, ...]
    business_date: date
    provider: str = ""
    again: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """The result of taking deliveries in.

    Attributes:
        batches: the batches that were read now.
        answers: the answer of each step.
        messages: the messages of the resource's open tickets.
        refused: number of deliveries that cannot be read, and of sources that did not answer as agreed.
        remarks: what people should know about the deliveries, also where they were let in.
    """

    batches: tuple[Batch, ...]
    answers: Mapping[str, Answer]
    messages: tuple[str, ...]
    refused: int
    remarks: tuple[str, ...] = ()

    @property
    def is_let_in(self) -> bool:
        """Return whether every delivery could be read and passed its gate (or no new one came)."""
        return not self.refused and all(batch.is_known for batch in self.batches)


def take(instance: Instance, handed: Handed) -> Taken:
    """Run the ingest steps of one resource and return the result.

    Raises:
        ConfigError: there is nothing to take in, or a resource that is delivered in files is to be asked again.
    """
    _check(load_contract_of(instance.settings.contracts, handed.resource), handed)
    options = {**({"files": list(handed.files)} if handed.files else {}), **handed.again}
    options |= {"provider": handed.provider} if handed.provider else {}
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
    remarks = tuple(text for answer in answers.values() if isinstance(answer, ExtractAnswer | GateAnswer) for text in answer.remarks)
    return Taken(tuple(taken), answers, told, extracted.refused, remarks)


def _check(contract: Contract, handed: Handed) -> None:
    if bool(handed.files) == bool(handed.again):
        found = "files are named, and the source is to be asked again." if handed.files else "no file is named."
        raise ConfigError(Problem(f"ingest {contract.code}", found, "FILE…, or --refetch", "say one of them.").text())
    if handed.again and not is_fetched(contract):
        found = f"its deliveries are files ({contract.source.kind}), which cannot be asked for."
        raise ConfigError(Problem(f"ingest {contract.code}: --refetch", found, "FILE…", "name the files.").text())
