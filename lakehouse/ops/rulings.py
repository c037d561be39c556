"""Record and read what people decided about batches (裁定): a held delivery, or the held closings of a snapshot.

The documents beside the landed bytes say the same (`lakehouse.ingest.rulings`); these records can be rebuilt from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import batch
from lakehouse.ops.tables import ruling as table

About = Literal["delivery", "closings"]
Verdict = Literal["retry", "release", "refuse"]


@dataclass(frozen=True)
class Ruling:
    """What a person decided about a batch; nothing changes it afterwards but the date on which it takes effect.

    Attributes:
        batch_id: the batch.
        resource: its resource.
        about: whether it is about the delivery as a whole, or about the keys that a snapshot lacks.
        verdict: read it again, let it through, or settle it as refused for good.
        gate: what the gate had said of the batch.
        actor: who decided.
        reason: why, in their words.
        decided_at: when.
        since: the newest business date then; it takes effect in the ingest of that date or of a later one.
        effective_on: the business date whose ingest carried it out; None until then.
    """

    batch_id: str
    resource: str
    about: About
    verdict: Verdict
    gate: Literal["passed", "warned", "released", "blocked", "refused"]
    actor: str
    reason: str
    decided_at: datetime
    since: date
    effective_on: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether the ingest of a business date has to follow it."""
        return (self.effective_on or self.since) <= day


_COLUMNS = tuple(table.c[one.name] for one in fields(Ruling))


def record(connection: Connection, rulings: Iterable[Ruling]) -> int:
    """Record rulings; return how many were not known yet. A known one stays, and takes the date of its effect where it has none."""
    rows = [asdict(one) for one in rulings]
    if not rows:
        return 0
    known = {(one.batch_id, one.about) for one in of_batches(connection, [row["batch_id"] for row in rows])}
    new = insert(table)
    effect = {"effective_on": func.coalesce(table.c.effective_on, new.excluded.effective_on)}
    connection.execute(new.on_conflict_do_update(index_elements=["batch_id", "about"], set_=effect), rows)
    return sum((row["batch_id"], row["about"]) not in known for row in rows)


def of_batches(connection: Connection, batch_ids: Collection[str]) -> list[Ruling]:
    """Return the rulings on these batches, the oldest first."""
    found = select(*_COLUMNS).where(table.c.batch_id.in_(batch_ids)).order_by(table.c.decided_at)
    return [Ruling(**row._mapping) for row in connection.execute(found)] if batch_ids else []


def on_deliveries(connection: Connection, batch_ids: Collection[str]) -> dict[str, Ruling]:
    """Return the ruling on each of these deliveries that has one, by batch id."""
    return {one.batch_id: one for one in of_batches(connection, batch_ids) if one.about == "delivery"}


def on_closings(connection: Connection, resource: str) -> dict[str, Ruling]:
    """Return the rulings on held closings of a resource, by batch id."""
    found = select(*_COLUMNS).where(table.c.resource == resource, table.c.about == "closings")
    return {row.batch_id: Ruling(**row._mapping) for row in connection.execute(found)}


def due(connection: Connection, resource: str, on: date) -> list[Ruling]:
    """Return the rulings that the ingest of a business date has to carry out: what is to be read again or let through, and is not yet."""
    later = batch.alias("later")
    about, verdict = table.c.about, table.c.verdict
    taken_up = select(later.c.batch_id).where(later.c.predecessor == batch.c.batch_id).exists()
    undone = or_(
        (about == "delivery") & (verdict == "retry") & ~taken_up,
        (about == "delivery") & (verdict == "release") & (batch.c.gate == "blocked"),
        (about == "closings") & (verdict == "release") & batch.c.closings_held & batch.c.silver_on.is_not(None),
    )
    ours = (table.c.resource == resource) & (func.coalesce(table.c.effective_on, table.c.since) <= on)
    found = select(*_COLUMNS).join(batch, batch.c.batch_id == table.c.batch_id).where(ours, undone).order_by(batch.c.delivery_no)
    return [Ruling(**row._mapping) for row in connection.execute(found)]


def record_effect(connection: Connection, ruling: Ruling, on: date) -> None:
    """Record that the ingest of a business date carries a ruling out; the first date stands."""
    ours = (table.c.batch_id == ruling.batch_id) & (table.c.about == ruling.about) & table.c.effective_on.is_(None)
    connection.execute(update(table).where(ours).values(effective_on=on, carried_out_at=func.now()))


def carried_out_after(connection: Connection, resource: str, on: date, moment: datetime) -> bool:
    """Return whether the ingest of a business date carried out a ruling after this moment."""
    ours = (table.c.resource == resource) & (table.c.effective_on == on) & (table.c.carried_out_at > moment)
    return connection.scalar(select(func.count()).where(ours)) != 0
