"""Take delivered files of any contract, or a source that is asked again, through landing, gate and silver, without Airflow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem
from lakehouse.ingest.delivery_tickets import STOPS
from lakehouse.ingest.landing import content_hash
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
class Stopped:
    """A file that was not let in: the gate's result, and the message of its ticket, which says why and how to mend it."""

    source_object: str
    gate: str
    message: str


@dataclass(frozen=True)
class Taken:
    """The result of taking deliveries in.

    Attributes:
        batches: the batches that were read now.
        known: the batches of files whose bytes had been delivered before.
        answers: the answer of each step.
        stopped: the files that were not let in, now or when they came first, each with its reason.
        messages: the messages of the resource's open tickets.
        refused: number of deliveries that cannot be read, and of sources that did not answer as agreed.
        remarks: what people should know about the deliveries, also where they were let in.
    """

    batches: tuple[Batch, ...]
    known: tuple[Batch, ...]
    answers: Mapping[str, Answer]
    stopped: tuple[Stopped, ...]
    messages: tuple[str, ...]
    refused: int
    remarks: tuple[str, ...] = ()

    @property
    def close_again(self) -> bool:
        """Return whether the day was closed without what is there now, so that it has to be closed again."""
        return any(answer.close_again for answer in self.answers.values())

    @property
    def is_let_in(self) -> bool:
        """Return whether every delivery could be read and passed its gate, now or when it came first."""
        return not self.refused and all(batch.is_known for batch in (*self.batches, *self.known))


def take(instance: Instance, handed: Handed) -> Taken:
    """Run the ingest steps of one resource and return the result.

    Raises:
        ConfigError: there is nothing to take in, or a resource that is delivered in files is to be asked again.
    """
    _check(load_contract_of(instance.settings.contracts, handed.resource), handed)
    options = {**({"files": list(handed.files)} if handed.files else {}), **handed.again}
    options |= {"provider": handed.provider} if handed.provider else {}
    hashes = {content_hash(Path(file)) for file in handed.files if Path(file).is_file()}
    answers: dict[str, Answer] = {}
    for step in (*steps.INGEST, steps.INGEST_OUTCOME):
        request = JobRequest(handed.business_date, handed.resource, options=options if step == steps.INGEST[0] else {})
        answers[step] = run_job(step, request, instance)
    extracted = answers[steps.INGEST[0]]
    assert isinstance(extracted, ExtractAnswer)
    with connect(instance) as connection:
        read = tuple(batches.of_ids(connection, [one.batch_id for one in extracted.batches]))
        known = _known(connection, handed, hashes - {batch.content_sha256 for batch in read})
        open_ = tickets.find(connection, handed.business_date, resource=handed.resource, only_open=True)
        stopped = _stopped(connection, (*read, *known))
    remarks = tuple(text for answer in answers.values() if isinstance(answer, ExtractAnswer | GateAnswer) for text in answer.remarks)
    return Taken(read, known, answers, stopped, tuple(ticket.message for ticket in open_), extracted.refused, remarks)


def _check(contract: Contract, handed: Handed) -> None:
    if bool(handed.files) == bool(handed.again):
        found = "files are named, and the source is to be asked again." if handed.files else "no file is named."
        raise ConfigError(Problem(f"ingest {contract.code}", found, "FILE…, or --refetch", "say one of them.").text())
    if handed.again and not is_fetched(contract):
        found = f"its deliveries are files ({contract.source.kind}), which cannot be asked for."
        raise ConfigError(Problem(f"ingest {contract.code}: --refetch", found, "FILE…", "name the files.").text())


def _known(connection: Connection, handed: Handed, hashes: Collection[str]) -> tuple[Batch, ...]:
    """Return the newest batch of each file that brought no new one."""
    about = batches.of_content(connection, handed.resource, handed.business_date, hashes)
    return tuple({batch.content_sha256: batch for batch in about if handed.provider in ("", batch.provider)}.values())


def _stopped(connection: Connection, of: Collection[Batch]) -> tuple[Stopped, ...]:
    held = [batch for batch in of if batch.gate in STOPS]
    found = tickets.find(connection, resource=held[0].resource) if held else []
    told = {ticket.detail["batch_id"]: ticket.message for ticket in found if ticket.kind in STOPS}
    return tuple(Stopped(batch.source_object, str(batch.gate), told.get(batch.batch_id, "")) for batch in held)
