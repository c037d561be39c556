"""Land batches: the bytes as received, created once, and beside them a sidecar file with the facts that never change.

The sidecar is the truth about a batch's identity, its number and the day that took it; the operational database can be rebuilt from it.
Before the bytes, a note says which batch takes the next delivery number: so what was landed but not recorded is found without a list.
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

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import Contract
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.readers.delivery import Delivery
from lakehouse.naming import batch_id, delivery_number_path, landing_prefix
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
    hashed = sorted(_hashed(deliveries), key=_order)
    arrivals, seen = Arrivals(), dict[str, Landed]()
    seen.update({one.batch_id: one for one in batches.of_ids(connection, [_identity(contract, *one) for one in hashed])})
    number = batches.last_delivery_no(connection, contract.code)
    for sha256, delivery in hashed:
        identity = _identity(contract, sha256, delivery)
        if identity in seen:
            if seen[identity].source_object != delivery.source_object:
                arrivals.repeated.append(delivery.source_object)
                batches.record_sighting(connection, identity, delivery.source_object, taken_on)
            continue
        landed = _land_one(area, contract, delivery, _facts(contract, delivery, sha256, number + 1, taken_on))
        number = max(number, landed.delivery_no)
        batches.add(connection, [landed])
        seen[identity] = landed
        arrivals.landed.append(landed)
    return arrivals


def recover(connection: Connection, area: Area, resource: str) -> int:
    """Record the batches that follow the last recorded delivery number, from their sidecars; return how many they were.

    These are batches whose landing ended before it was recorded, or whose records are lost. Usually one request says that there are none.
    """
    number, found = batches.last_delivery_no(connection, resource), list[Landed]()
    while (landed := _numbered(area, resource, number + 1)) is not None:
        found.append(landed)
        number += 1
    return batches.add(connection, found)


def rebuild(connection: Connection, area: Area, resource: str) -> int:
    """Record every landed batch that is missing in the database, from a list of all sidecars; return how many they were."""
    known = {batch.batch_id for batch in batches.of_resource(connection, resource)}
    sidecars = (PurePosixPath(one.path) for one in area.list(resource) if one.path.endswith(f"/{SIDECAR}"))
    missing = [path for path in sidecars if path.parent.name not in known]
    return batches.add(connection, (_parse(area.get(str(path))) for path in missing))


def open_landed(area: Area, batch: Landed) -> BinaryIO:
    """Return a stream over the landed bytes of a batch."""
    return area.open(landed_path(batch))


def _numbered(area: Area, resource: str, number: int) -> Landed | None:
    """Return the batch that took a delivery number, None when nobody took it or its landing did not end."""
    try:
        return _parse(area.get(area.get(delivery_number_path(resource, number)).decode()))
    except FileNotFoundError:
        return None


def _identity(contract: Contract, sha256: str, delivery: Delivery) -> str:
    return batch_id(contract.code, delivery.provider, delivery.business_date, sha256)


def _hashed(deliveries: Iterable[Delivery]) -> list[tuple[str, Delivery]]:
    """Return deliveries with their hashes; a file that has gone meanwhile was put away by the run that landed it."""
    hashed = ((_sha256(delivery.path), delivery) for delivery in deliveries)
    return [(sha256, delivery) for sha256, delivery in hashed if sha256 is not None]


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _order(hashed: tuple[str, Delivery]) -> tuple[date, str, str, str]:
    sha256, delivery = hashed
    return delivery.business_date, delivery.provider, sha256, delivery.source_object


def _facts(contract: Contract, delivery: Delivery, sha256: str, number: int, taken_on: date) -> Landed:
    return Landed(
        batch_id=_identity(contract, sha256, delivery),
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
    """Write the note of its number, the bytes and last the sidecar: a batch exists once that does, and the first one written counts.

    A note whose batch has no sidecar is of a landing that did not end; the next batch takes its number.
    """
    sidecar = f"{landing_prefix(facts.resource, facts.business_date, facts.batch_id)}/{SIDECAR}"
    area.put(delivery_number_path(facts.resource, facts.delivery_no), sidecar.encode())
    area.put_new(landed_path(facts), delivery.path)
    if delivery.received is None:
        with open_landed(area, facts) as stream:
            facts = replace(facts, received=reader_of(contract).count(stream, laid_out(contract, facts.business_date)))
    if area.put_new(sidecar, _text(facts)):
        return facts
    return _parse(area.get(sidecar))


def landed_path(batch: Landed) -> str:
    """Return the path of a batch's bytes below the landing root."""
    return f"{landing_prefix(batch.resource, batch.business_date, batch.batch_id)}/{PurePosixPath(batch.source_object).name}"


def _text(landed: Landed) -> bytes:
    return json.dumps(asdict(landed), ensure_ascii=False, indent=2, sort_keys=True, default=date.isoformat).encode()


def _parse(sidecar: bytes) -> Landed:
    facts = json.loads(sidecar)
    dates = {name: date.fromisoformat(facts[name]) for name in ("business_date", "taken_on")}
    return Landed(**{**facts, **dates})
