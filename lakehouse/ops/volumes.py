"""Read how many rows the deliveries before a batch held, to tell what is usual for its provider."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select, true

from lakehouse.ops.tables import batch


@dataclass(frozen=True)
class Volume:
    """The number of rows of a delivery, and the date it was about."""

    business_date: date
    rows: int


def before(connection: Connection, batch_ids: Collection[str], most: int) -> dict[str, list[Volume]]:
    """Return of each batch the deliveries of its resource and provider with lower numbers, the last first, at most so many.

    Every landed delivery counts, whatever became of it, so that the answer depends on nothing but the order of landing.
    """
    one, other = batch.alias("one"), batch.alias("other")
    same = (other.c.resource == one.c.resource) & (other.c.provider == one.c.provider) & (other.c.delivery_no < one.c.delivery_no)
    lower = select(other.c.business_date, other.c.received, other.c.delivery_no).where(same)
    last = lower.order_by(other.c.delivery_no.desc()).limit(most).lateral("last")
    asked = select(one.c.batch_id, last.c.business_date, last.c.received).join(last, true()).where(one.c.batch_id.in_(list(batch_ids)))
    found: dict[str, list[Volume]] = {batch_id: [] for batch_id in batch_ids}
    for row in connection.execute(asked.order_by(one.c.batch_id, last.c.delivery_no.desc())):
        found[row.batch_id].append(Volume(row.business_date, row.received))
    return found
