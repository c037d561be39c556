"""Tell how many rows a delivery usually has, from the deliveries of its provider before it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from statistics import median

from sqlalchemy import Connection

from lakehouse.city.calendar import WorkCalendar
from lakehouse.ops import volumes
from lakehouse.ops.batches import Batch
from lakehouse.ops.volumes import Volume

LAST = 8
FEWEST = 4
LOOKED_THROUGH = 60  # deliveries before: two months of daily ones hold eight days off


def usual_sizes(connection: Connection, batches: Sequence[Batch], calendar: WorkCalendar) -> dict[str, float]:
    """Return the usual number of rows of each batch (batch id) of which it can be told."""
    before = volumes.before(connection, [batch.batch_id for batch in batches], LOOKED_THROUGH)
    found = {batch.batch_id: usual_size(batch, before[batch.batch_id], calendar) for batch in batches}
    return {batch_id: size for batch_id, size in found.items() if size is not None}


def usual_size(batch: Batch, before: Sequence[Volume], calendar: WorkCalendar) -> float | None:
    """Return the median of the last eight deliveries about the same kind of day, working day or day off; None of fewer than four.

    Args:
        batch: the delivery.
        before: the deliveries of its provider with lower numbers, the last first.
        calendar: the working days of the city.
    """
    kind = calendar.is_workday(batch.business_date)
    alike = list(islice((one.rows for one in before if calendar.is_workday(one.business_date) == kind), LAST))
    return median(alike) if len(alike) >= FEWEST else None
