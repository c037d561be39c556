"""Returns how the gate spoke of every resource, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from lakehouse.ops.tables import batch


@dataclass(frozen=True)
class GateCount:
    """What the gate said of a resource's batches that the run of a date took in; `gate` is null while it has not spoken."""

    taken_on: date
    resource: str
    gate: str | None
    batches: int
    received: int


def history(connection: Connection, since: date, until: date) -> list[GateCount]:
    """Returns the counts from one date to another, both included, by date and resource."""
    group = (batch.c.taken_on, batch.c.resource, batch.c.gate)
    found = (
        select(*group, func.count().label("batches"), func.sum(batch.c.received).label("received"))
        .where(batch.c.taken_on.between(since, until))
        .group_by(*group)
        .order_by(*group)
    )
    return [GateCount(row.taken_on, row.resource, row.gate, row.batches, int(row.received)) for row in connection.execute(found)]
