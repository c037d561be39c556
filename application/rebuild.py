"""Record again what the store holds and the operational database has lost: landed batches and published days."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.config import Instance
from lakehouse.contracts.loader import contract_paths, resource_code
from lakehouse.ingest import landing
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect
from lakehouse.returns import ledger


@dataclass(frozen=True)
class Rebuilt:
    """The number of batches that were recorded again, and of published days, whose records now say what the store says."""

    batches: int
    days: int


def rebuild(instance: Instance) -> Rebuilt:
    """Record the landed batches and published days that the database lacks. Nothing else lists all sidecars and all days."""
    found = 0
    for path in contract_paths(instance.settings.contracts):
        with connect(instance) as connection:
            batches.lock(connection, resource_code(path))
            found += landing.rebuild(connection, open_area(instance, "landing"), resource_code(path))
    with connect(instance) as connection:
        return Rebuilt(found, ledger.restore(connection, open_area(instance, "exchange")))
