"""Land batches: the bytes as received, created once, and beside them a sidecar file with the facts that never change.

The sidecar is the truth about a batch's identity, its number and the day that took it; the operational database can be rebuilt from it.
Before the bytes, a note says which batch takes the next delivery number: so what was landed but not recorded is found without a list.
A file is put away as soon as its sidecar is written, before the next one is looked at. So after a run that was cut short only the newest
delivery of a provider and date can still lie in the inbox, and its bytes are known for a repetition (ADR 0021).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from sqlalchemy import Connection

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import Contract
from lakehouse.ingest import rejudging, rulings
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.readers.delivery import Delivery
from lakehouse.ingest.taken import Mark, mark_of
from lakehouse.naming import batch_id, delivery_number_path, landing_prefix
from lakehouse.objects import Area
from lakehouse.ops import batches
from lakehouse.ops import rejudging as ops_rejudging
from lakehouse.ops import rulings as ops_rulings
from lakehouse.ops.batches import Landed

SIDECAR = "batch.json"
Done = Callable[[Delivery, Mark], Any]


@dataclass
class Arrivals:
    """The result of landing: batches landed now, deliveries that only repeat the one before, files that changed while they were read."""

    landed: list[Landed] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shipment:
    """The deliveries of one resource that are taken in on a business date, and what is done with a file once it is taken."""

    contract: Contract
    taken_on: date
    deliveries: Sequence[Delivery]
    done: Done = lambda _delivery, _mark: None


def land(connection: Connection, area: Area, shipment: Shipment) -> Arrivals:
    """Land deliveries one after the other and return which are new and which repeat the one before.

    They are numbered by date, provider, their own number, time of change and name. The caller must hold `batches.lock` of the resource, so
    that no other process gives delivery numbers at the same time.
    """
    quay = _Quay(connection, area, shipment)
    for delivery in sorted(shipment.deliveries, key=lambda one: one.order):
        hashed = _hashed(delivery.path)  # None: it was put away meanwhile, by the run that landed it
        if hashed and quay.take(delivery, *hashed):
            shipment.done(delivery, hashed[1])
    return quay.arrivals


class _Quay:
    """Takes the deliveries of one resource, in order; knows what each provider has delivered about each date so far."""

    def __init__(self, connection: Connection, area: Area, shipment: Shipment) -> None:
        self.arrivals = Arrivals()
        self._connection, self._area, self._shipment = connection, area, shipment
        code, whose = shipment.contract.code, {(one.provider, one.business_date) for one in shipment.deliveries}
        self._number = batches.last_delivery_no(connection, code)
        self._said: dict[tuple[str, date], list[Landed]] = {one: [] for one in whose}
        for batch in batches.about(connection, code, whose):
            self._said[batch.provider, batch.business_date].append(batch)

    def take(self, delivery: Delivery, sha256: str, mark: Mark) -> bool:
        """Land a delivery unless it repeats the one before; return whether it is taken (else it changed while it was read)."""
        before = self._said[delivery.provider, delivery.business_date]
        if delivery.retries:
            if any(one.predecessor == delivery.retries for one in before):
                return True
        elif before and before[-1].content_sha256 == sha256:
            self._repeat(delivery, before[-1])
            return True
        facts = _facts(self._shipment, delivery, (sha256, occurrence(before, sha256)), (self._number + 1, mark))
        landed = _land_one(self._area, self._shipment.contract, delivery, facts, mark)
        if landed is None:
            self.arrivals.changed.append(delivery.source_object)
            return False
        batches.add(self._connection, [landed])
        before.append(landed)
        if landed.delivery_no <= self._number:  # a batch whose record was lost: it is known now, so look at the delivery again
            before.sort(key=lambda one: one.delivery_no)
            return self.take(delivery, sha256, mark)
        self._number = landed.delivery_no
        self.arrivals.landed.append(landed)
        return True

    def _repeat(self, delivery: Delivery, last: Landed) -> None:
        if last.source_object != delivery.source_object:
            self.arrivals.repeated.append(delivery.source_object)
            batches.record_sighting(self._connection, last.batch_id, delivery.source_object, self._shipment.taken_on)


def occurrence(before: Iterable[Landed], sha256: str) -> int:
    """Return how often a provider will have delivered these bytes about a date, given what it delivered about it before."""
    return 1 + sum(one.content_sha256 == sha256 for one in before)


def recover(connection: Connection, area: Area, resource: str) -> int:
    """Record the batches that follow the last recorded delivery number, from their sidecars; return how many they were.

    These are batches whose landing ended before it was recorded, or whose records are lost; what was decided about them is recorded too,
    from its documents. Usually one request says that there are none.
    """
    number, found = batches.last_delivery_no(connection, resource), list[Landed]()
    while (landed := _numbered(area, resource, number + 1)) is not None:
        found.append(landed)
        number += 1
    ops_rulings.record(connection, (one for batch in found for one in rulings.recall(area, batch)))
    return batches.add(connection, found)


def rebuild(connection: Connection, area: Area, resource: str) -> int:
    """Record every landed batch that is missing in the database, from a list of all sidecars; return how many they were.

    Every document of what people decided is recorded too, where it is not known.
    """
    known = {batch.batch_id for batch in batches.of_resource(connection, resource)}
    paths = [PurePosixPath(one.path) for one in area.list(resource)]
    missing = [path for path in paths if path.name == SIDECAR and path.parent.name not in known]
    documents = [path for path in paths if path.name in rulings.DOCUMENTS.values()]
    ops_rulings.record(connection, (rulings.parse(area.get(str(path))) for path in documents))
    ops_rejudging.record(connection, rejudging.recall(area, resource))
    return batches.add(connection, (parse_sidecar(area.get(str(path))) for path in missing))


def open_landed(area: Area, batch: Landed) -> BinaryIO:
    """Return a stream over the landed bytes of a batch."""
    return area.open(landed_path(batch))


def _numbered(area: Area, resource: str, number: int) -> Landed | None:
    """Return the batch that took a delivery number, None when nobody took it or its landing did not end."""
    try:
        return parse_sidecar(area.get(area.get(delivery_number_path(resource, number)).decode()))
    except FileNotFoundError:
        return None


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal, by which its bytes are known."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hashed(path: Path) -> tuple[str, Mark] | None:
    """Return the hash of a file and the mark it had before it was read; None when it is gone."""
    mark = mark_of(path)
    try:
        return content_hash(path), mark
    except FileNotFoundError:
        return None


def _facts(shipment: Shipment, delivery: Delivery, content: tuple[str, int], seen: tuple[int, Mark]) -> Landed:
    """Return the facts of a delivery, from the hash of its bytes with their occurrence, and its delivery number with the file's mark."""
    resource, (sha256, times), (number, (_, size, _)) = shipment.contract.code, content, seen
    return Landed(
        batch_id=batch_id(resource, delivery.provider, delivery.business_date, sha256, times),
        resource=resource,
        provider=delivery.provider,
        business_date=delivery.business_date,
        content_sha256=sha256,
        delivery_no=number,
        taken_on=shipment.taken_on,
        source_object=delivery.source_object,
        bytes=size,
        received=-1 if delivery.received is None else delivery.received,
        occurrence=times,
        predecessor=delivery.retries,
    )


def _land_one(area: Area, contract: Contract, delivery: Delivery, facts: Landed, mark: Mark) -> Landed | None:
    """Write the note of its number, the bytes and last the sidecar: a batch exists once that does, and the first one written counts.

    A note whose batch has no sidecar is of a landing that did not end; the next batch takes its number. A file that changes while it is
    read does not land: None is returned, and what was written is removed.
    """
    sidecar = f"{landing_prefix(facts.resource, facts.business_date, facts.batch_id)}/{SIDECAR}"
    area.put(delivery_number_path(facts.resource, facts.delivery_no), sidecar.encode())
    is_new = area.put_new(landed_path(facts), delivery.path)
    if mark_of(delivery.path) != mark:
        area.delete([landed_path(facts)] if is_new else [])
        return None
    if delivery.received is None:
        with open_landed(area, facts) as stream:
            facts = replace(facts, received=reader_of(contract).count(stream, laid_out(contract, facts.business_date)))
    if area.put_new(sidecar, _text(facts)):
        return facts
    return parse_sidecar(area.get(sidecar))


def landed_path(batch: Landed) -> str:
    """Return the path of a batch's bytes below the landing root."""
    return f"{landing_prefix(batch.resource, batch.business_date, batch.batch_id)}/{PurePosixPath(batch.source_object).name}"


def _text(landed: Landed) -> bytes:
    return json.dumps(asdict(landed), ensure_ascii=False, indent=2, sort_keys=True, default=date.isoformat).encode()


def parse_sidecar(sidecar: bytes) -> Landed:
    """Return the facts in a sidecar; one from before there were occurrences is of the first."""
    facts = json.loads(sidecar)
    dates = {name: date.fromisoformat(facts[name]) for name in ("business_date", "taken_on")}
    return Landed(**{**facts, **dates})
