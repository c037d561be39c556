"""Landed bytes whose term has ended, where the city declares one (ADR 0036); without one they are kept for ever.

Only bytes go whose rows stand in silver. Sidecars, numbers and the documents of what people decided stay: what was received, when and with
which hash can still be told, but bronze is the only copy of the rows then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from lakehouse.ingest.landing import landed_path
from lakehouse.objects import Area, StoredObject
from lakehouse.ops.batches import KNOWN, Batch


def expired(area: Area, batches: Iterable[Batch], before: date) -> list[StoredObject]:
    """Return the landed bytes of batches taken in before a date that nothing waits for any more."""
    settled = [one for one in batches if one.taken_on < before and _is_settled(one)]
    paths = {landed_path(one) for one in settled}
    resources = sorted({one.resource for one in settled})
    return [found for resource in resources for found in area.list(resource) if found.path in paths]


def _is_settled(batch: Batch) -> bool:
    return batch.gate in KNOWN and batch.silver_on is not None and not batch.closings_held
