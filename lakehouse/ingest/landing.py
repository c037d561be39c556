"""Land batches: the bytes as received, created once, and beside them a sidecar file with the facts that never change.

The sidecar is the truth about a batch's identity, its number and the day that took it; the operational database can be rebuilt from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from sqlalchemy import Connection

from lakehouse.contracts.model import Contract
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.readers.delivery import Delivery
from lakehouse.naming import batch_id, landing_prefix
from lakehouse.objects import Area
from lakehouse.ops import batches
from lakehouse.ops.batches import Landed

SIDECAR = "batch.json"


@dataclass
class Arrivals:
    """The result of landing: batches landed now, and deliveries that only repeat a known batch."""

    landed: list[Landed] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


def land(connection: Connection, area: Area, contract: Contract, deliveries: Iterable[Delivery], taken_on: date) -> Arrivals:
    """Land deliveries and return which are new and which repeat a known batch; they are numbered in order of date, provider and content.

    The caller must hold `batches.lock` of the resource, so that no other process gives delivery numbers at the same time.
    """
    known = {batch.batch_id: batch for batch in batches.of_resource(connection, contract.code)}
    number = max((batch.delivery_no for batch in known.values()), default=0)
    arrivals, seen = Arrivals(), dict[str, Landed](known)
    for sha256, delivery in sorted(_hashed(deliveries), key=_order):
        identity = batch_id(contract.code, delivery.provider, delivery.business_date, sha256)
        if identity in seen:
            if seen[identity].source_object != delivery.source_object:
                arrivals.repeated.append(delivery.source_object)
                batches.record_sighting(connection, identity, delivery.source_object, taken_on)
            continue
        number += 1
        landed = _land_one(area, contract, delivery, _facts(contract, delivery, sha256, number, taken_on))
        batches.add(connection, [landed])
        seen[identity] = landed
        arrivals.landed.append(landed)
    return arrivals


def rebuild(connection: Connection, area: Area, resource: str) -> int:
    """Record the landed batches that are missing in the database, from their sidecars; return how many they were."""
    known = {batch.batch_id for batch in batches.of_resource(connection, resource)}
    sidecars = (PurePosixPath(one.path) for one in area.list(resource) if one.path.endswith(f"/{SIDECAR}"))
    missing = [path for path in sidecars if path.parent.name not in known]
    return batches.add(connection, (_parse(area.get(str(path))) for path in missing))


def open_landed(area: Area, batch: Landed) -> BinaryIO:
    """Return a stream over the landed bytes of a batch."""
    return area.open(_bytes_path(batch))


def _hashed(deliveries: Iterable[Delivery]) -> list[tuple[str, Delivery]]:
    return [(_sha256(delivery.path), delivery) for delivery in deliveries]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _order(hashed: tuple[str, Delivery]) -> tuple[date, str, str, str]:
    sha256, delivery = hashed
    return delivery.business_date, delivery.provider, sha256, delivery.source_object


def _facts(contract: Contract, delivery: Delivery, sha256: str, number: int, taken_on: date) -> Landed:
    return Landed(
        batch_id=batch_id(contract.code, delivery.provider, delivery.business_date, sha256),
        resource=contract.code,
        provider=delivery.provider,
        business_date=delivery.business_date,
        content_sha256=sha256,
        delivery_no=number,
        taken_on=taken_on,
        source_object=delivery.source_object,
        bytes=delivery.path.stat().st_size,
        received=-1 if delivery.received is None else delivery.received,
    )


def _land_one(area: Area, contract: Contract, delivery: Delivery, facts: Landed) -> Landed:
    """Write the bytes first and the sidecar last: a batch exists once its sidecar does, and the first sidecar written counts."""
    area.put_new(_bytes_path(facts), delivery.path)
    if delivery.received is None:
        with open_landed(area, facts) as stream:
            facts = replace(facts, received=reader_of(contract).count(stream, contract))
    sidecar = f"{landing_prefix(facts.resource, facts.business_date, facts.batch_id)}/{SIDECAR}"
    if area.put_new(sidecar, _text(facts)):
        return facts
    return _parse(area.get(sidecar))


def _bytes_path(batch: Landed) -> str:
    return f"{landing_prefix(batch.resource, batch.business_date, batch.batch_id)}/{PurePosixPath(batch.source_object).name}"


def _text(landed: Landed) -> bytes:
    return json.dumps(asdict(landed), ensure_ascii=False, indent=2, sort_keys=True, default=date.isoformat).encode()


def _parse(sidecar: bytes) -> Landed:
    facts = json.loads(sidecar)
    dates = {name: date.fromisoformat(facts[name]) for name in ("business_date", "taken_on")}
    return Landed(**{**facts, **dates})
