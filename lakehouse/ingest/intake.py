"""Take in the deliveries of a step: land what has arrived, list the batches to read, open tickets for what cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.ingest import landing, retry
from lakehouse.ingest.arrival import Search, arrived
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.ingest.readers.delivery import Delivery, Unusable
from lakehouse.ingest.taken import Shelf
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, connect, days, rulings
from lakehouse.ops.batches import Batch


@dataclass(frozen=True)
class TakenBatch:
    """A batch that was read now: who sent it, the date it is about, its number of rows, and why it was refused if it cannot be read."""

    batch_id: str
    provider: str
    business_date: str
    rows: int
    refused: str = ""


@dataclass
class Intake:
    """The batches that wait for bronze, and what was landed, rebuilt, repeated or unusable."""

    waiting: list[Batch] = field(default_factory=list)
    landed: int = 0
    rebuilt: int = 0
    repeated: list[str] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)

    def told(self, unreadable: Mapping[str, str]) -> tuple[TakenBatch, ...]:
        """Return the waiting batches as the job tells them; `unreadable`: batch id → reason."""
        return tuple(
            TakenBatch(one.batch_id, one.provider, one.business_date.isoformat(), one.received, unreadable.get(one.batch_id, ""))
            for one in self.waiting
        )


def take(instance: Instance, search: Search, only: Iterable[str] | None = None) -> Intake:
    """Land what has arrived and return the batches to read: those taken in by this date, or only the ones with the given ids.

    When a later date is published, this date is final: nothing is landed for it, and new deliveries are taken in with the newest day.

    Raises:
        DeliveryError: files are handed over for a final date or change while they are read, or a source is to be asked again for one.
    """
    resource, today = search.contract.code, search.business_date
    area, intake = open_area(instance, "landing"), Intake()
    with connect(instance) as connection:
        batches.lock(connection, resource)
        intake.rebuilt = landing.recover(connection, area, resource)
        if days.is_final(connection, today):
            _check_nothing_asked_for(search)
        else:
            with arrived(instance, connection, search) as (deliveries, intake.unusable):
                arrivals = landing.land(connection, area, _shipment(instance, search, deliveries))
            _check_nothing_changed(search, arrivals.changed)
            again = retry.take_up(instance, connection, area, search.contract, today)
            intake.landed, intake.repeated = len(arrivals.landed) + len(again), arrivals.repeated
            desk = Desk(connection, search.contract, load_clocks(instance), today)
            if search.files is None:
                desk.tell(intake.unusable, {one.source_object for one in deliveries})
            for ruling in rulings.of_batches(connection, list(again)):
                desk.rule(ruling, again[ruling.batch_id].batch_id)
        waiting = to_read(connection, resource, today)
    intake.waiting = [batch for batch in waiting if only is None or batch.batch_id in set(only)]
    return intake


def to_read(connection: Connection, resource: str, on: date) -> list[Batch]:
    """Return the batches taken in by a date that are to be read.

    One that was refused and then decided about stays refused, whatever the contract says by now; that is recorded.
    """
    waiting = [one for one in batches.open_for(connection, resource, "bronze") if one.taken_on <= on]
    ruled = rulings.on_deliveries(connection, [batch.batch_id for batch in waiting])
    refused = {batch_id for batch_id, one in ruled.items() if one.gate == "refused"}
    for batch_id in refused:
        batches.record_refusal(connection, batch_id)
    return [batch for batch in waiting if batch.batch_id not in refused]


def settle(desk: Desk, waiting: Sequence[Batch], unreadable: Mapping[str, str]) -> int:
    """Record which batches are in bronze and which cannot be read at all; return how many now wait for gate or silver.

    Args:
        desk: the tickets of the resource in this step.
        waiting: the batches of the step.
        unreadable: batch id → reason for those that cannot be read.
    """
    connection, resource, on = desk.connection, desk.contract.code, desk.on
    for batch in waiting:
        if batch.batch_id in unreadable:
            batches.record_refusal(connection, batch.batch_id)
            desk.stop("refused", batch, unreadable[batch.batch_id])
        else:
            batches.record_bronze(connection, [batch.batch_id])
    desk.read([batch for batch in waiting if batch.batch_id not in unreadable])
    if unreadable:
        audit.append(connection, audit.operator(), "decide", f"{resource} {on}", dict.fromkeys(sorted(unreadable), "refused"))
    open_ = [*batches.open_for(connection, resource, "gate"), *batches.open_for(connection, resource, "silver")]
    return sum(batch.taken_on <= on for batch in open_) + len(rulings.due(connection, resource, on))


def _shipment(instance: Instance, search: Search, deliveries: Sequence[Delivery]) -> landing.Shipment:
    """Return the deliveries with what is done once one is landed: a file of the inbox is put away."""
    shipment = landing.Shipment(search.contract, search.business_date, deliveries)
    if not search.is_inbox:
        return shipment
    shelf = Shelf(instance.folder("inbox"), search.business_date)
    return replace(shipment, done=lambda delivery, mark: shelf.put_away(delivery.path, mark))


def _check_nothing_changed(search: Search, changed: Sequence[str]) -> None:
    """Refuse files handed over that change while they are read; one in the inbox is taken by the next scan."""
    if changed and search.files is not None:
        found = "the file changed while it was read, so it was not taken in."
        raise DeliveryError(Problem(", ".join(changed), found, "", "hand it over again once it is complete.").text())


def _check_nothing_asked_for(search: Search) -> None:
    if search.files is not None or search.refetch:
        found = f"{search.business_date} is final, because a later date is published."
        raise DeliveryError(Problem("--date", found, "the newest date or a later one", "do it for that date.").text())
