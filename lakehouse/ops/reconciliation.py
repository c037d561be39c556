"""Record and read when the keys and positions of a whole source were compared with what has arrived."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import reconciliation


@dataclass(frozen=True)
class Reconciliation:
    """A comparison: how many rows the source listed, how many of them are missing here, and how many of our keys it does not have."""

    resource: str
    business_date: date
    rows: int
    missing_here: int
    missing_there: int


def record(connection: Connection, done: Reconciliation) -> None:
    """Record a comparison; a later one of the same date replaces it."""
    statement = insert(reconciliation).values(**asdict(done))
    counts = {name: getattr(done, name) for name in ("rows", "missing_here", "missing_there")}
    connection.execute(statement.on_conflict_do_update(index_elements=["resource", "business_date"], set_=counts))


def last(connection: Connection, resource: str) -> Reconciliation | None:
    """Return the newest comparison of a resource."""
    names = ("resource", "business_date", "rows", "missing_here", "missing_there")
    found = select(*(reconciliation.c[name] for name in names)).where(reconciliation.c.resource == resource)
    row = connection.execute(found.order_by(reconciliation.c.business_date.desc()).limit(1)).one_or_none()
    return Reconciliation(**row._mapping) if row else None
