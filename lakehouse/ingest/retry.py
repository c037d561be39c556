"""Read a refused or blocked delivery again: its landed bytes become a new batch, the predecessor stays as it was (ADR 0026)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.ingest import landing
from lakehouse.ingest.readers.delivery import Delivery
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.objects import Area
from lakehouse.ops import batches, rulings
from lakehouse.ops.batches import Batch, Landed


def take_up(instance: Instance, connection: Connection, area: Area, contract: Contract, on: date) -> dict[str, Landed]:
    """Land the bytes of every batch that is to be read again, on a business date; return predecessor → the new batch.

    The records of the decisions say since when they are carried out. The caller must hold `batches.lock` of the resource.
    """
    due = {one.batch_id: one for one in rulings.due(connection, contract.code, on) if one.verdict == "retry"}
    with _deliveries(instance, area, contract, batches.of_ids(connection, list(due))) as again:
        landed = landing.land(connection, area, landing.Shipment(contract, on, again)).landed
    for batch in landed:
        rulings.record_effect(connection, due[batch.predecessor or ""], on)
    return {batch.predecessor: batch for batch in landed if batch.predecessor}


@contextmanager
def _deliveries(instance: Instance, area: Area, contract: Contract, wanted: Sequence[Batch]) -> Iterator[list[Delivery]]:
    """Yield landed batches as deliveries; their files exist until the block ends.

    What counts the records of a file is the contract, which was corrected; what a source system stated still holds.
    """
    if not wanted:
        yield []
        return
    with tempfile.TemporaryDirectory(dir=instance.folder("run"), prefix="retry-") as folder:
        yield [_delivery(area, contract, batch, Path(folder)) for batch in wanted]


def _delivery(area: Area, contract: Contract, batch: Batch, folder: Path) -> Delivery:
    path = folder / f"{batch.batch_id}{PurePosixPath(batch.source_object).suffix}"
    with landing.open_landed(area, batch) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    received = batch.received if is_fetched(contract) else None
    facts = (batch.provider, batch.business_date, batch.source_object, path, received)
    return Delivery(*facts, number=batch.delivery_no, retries=batch.batch_id)
