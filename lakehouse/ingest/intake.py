"""Take in the deliveries of a step: land what has arrived, list the batches to read, open tickets for what cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.ingest import landing, taken
from lakehouse.ingest.arrival import Search, arrived
from lakehouse.ingest.readers.delivery import Unusable
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, days, tickets
from lakehouse.ops.batches import Batch

REFUSED = "refused"


@dataclass
class Intake:
    """The batches that wait for bronze, and what was landed, rebuilt, repeated or unusable."""

    waiting: list[Batch] = field(default_factory=list)
    landed: int = 0
    rebuilt: int = 0
    repeated: list[str] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)


def take(instance: Instance, search: Search, only: Iterable[str] | None = None) -> Intake:
    """Land what has arrived and return the batches to read: those taken in by this date, or only the ones with the given ids.

    Files of the inbox are put away once their batches are recorded.

    When a later date is published, this date is final: nothing is landed for it, and new deliveries are taken in with the newest day.

    Raises:
        DeliveryError: files are handed over for a final date.
    """
    resource, today = search.contract.code, search.business_date
    area, intake = open_area(instance, "landing"), Intake()
    seen: taken.Marks = {}
    with connect(instance) as connection:
        batches.lock(connection, resource)
        intake.rebuilt = landing.recover(connection, area, resource)
        if days.is_final(connection, today):
            _check_nothing_handed_over(search)
        else:
            with arrived(instance, connection, search) as (deliveries, intake.unusable):
                seen = taken.marks(deliveries) if search.is_inbox else {}
                arrivals = landing.land(connection, area, search.contract, deliveries, today)
            intake.landed, intake.repeated = len(arrivals.landed), arrivals.repeated
            _tell_unusable(connection, search, intake.unusable)
        waiting = [batch for batch in batches.open_for(connection, resource, "bronze") if batch.taken_on <= today]
    taken.put_away(instance.folder("inbox"), seen, today)
    intake.waiting = [batch for batch in waiting if only is None or batch.batch_id in set(only)]
    return intake


def settle(connection: Connection, resource: str, read: tuple[Sequence[Batch], Mapping[str, str]], on: date) -> int:
    """Record which batches are in bronze and which cannot be read at all; return how many now wait for gate or silver.

    Args:
        connection: the operational database.
        resource: the resource of the batches.
        read: the batches of the step, and batch id → reason for those that cannot be read.
        on: the business date of the step.
    """
    waiting, unreadable = read
    for batch in waiting:
        if batch.batch_id not in unreadable:
            accept(connection, batch, on)
    for batch in waiting:
        if batch.batch_id in unreadable:
            refuse(connection, batch, unreadable[batch.batch_id], on)
    open_ = [*batches.open_for(connection, resource, "gate"), *batches.open_for(connection, resource, "silver")]
    return sum(batch.taken_on <= on for batch in open_)


def refuse(connection: Connection, batch: Batch, message: str, on: date) -> None:
    """Record that a landed delivery cannot be read at all and open a ticket for its provider."""
    batches.record_refusal(connection, batch.batch_id)
    detail = {"batch_id": batch.batch_id, "source_object": batch.source_object}
    new = tickets.NewTicket(REFUSED, _subject(batch), on, message, batch.resource, batch.provider, detail=detail)
    tickets.open_ticket(connection, new)


def accept(connection: Connection, batch: Batch, on: date) -> None:
    """Record that the rows of a batch are in bronze; a readable delivery closes the ticket of an unreadable one before it."""
    batches.record_bronze(connection, [batch.batch_id])
    tickets.close(connection, REFUSED, _subject(batch), on, "a readable delivery came")


def _check_nothing_handed_over(search: Search) -> None:
    if search.files is not None:
        found = f"{search.business_date} is final, because a later date is published."
        raise DeliveryError(Problem("--date", found, "the newest date or a later one", "hand the files over for that date.").text())


def _tell_unusable(connection: Connection, search: Search, unusable: list[Unusable]) -> None:
    resource, today = search.contract.code, search.business_date
    there = {f"{resource}|{one.subject}": one for one in unusable}
    for subject, one in there.items():
        new = tickets.NewTicket(REFUSED, subject, today, one.message, resource, detail={"source": one.subject})
        tickets.open_ticket(connection, new)
    if search.files is None:
        for ticket in tickets.find(connection, kind=REFUSED, only_open=True):
            if ticket.resource == resource and "source" in ticket.detail and ticket.subject not in there:
                tickets.close(connection, REFUSED, ticket.subject, today, "the file is gone or usable, or the source answers")


def _subject(batch: Batch) -> str:
    return f"{batch.resource}|{batch.provider}|{batch.business_date}"
