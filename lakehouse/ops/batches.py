"""Record and read batches: one delivery of one resource by one provider about one date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import batch, batch_rule, batch_sighting

Through = Literal["passed", "warned", "released"]
Gate = Literal["passed", "warned", "released", "blocked", "refused"]
KNOWN: tuple[Through, ...] = ("passed", "warned", "released")
Stage = Literal["bronze", "gate", "silver"]
STAGES: tuple[Stage, ...] = ("bronze", "gate", "silver")


@dataclass(frozen=True)
class Landed:
    """The facts of a delivery that never change, as kept in the sidecar beside the landed bytes.

    `predecessor` is the batch whose bytes this one takes up again (a retry, ADR 0026), None for what a provider delivered.
    """

    batch_id: str
    resource: str
    provider: str
    business_date: date
    content_sha256: str
    delivery_no: int
    taken_on: date
    source_object: str
    bytes: int
    received: int
    occurrence: int = 1
    predecessor: str | None = None


@dataclass(frozen=True)
class Counts:
    """The number of rows of a batch by disposition; together they are the rows received."""

    rejected: int = 0
    quarantined: int = 0
    duplicate: int = 0
    superseded: int = 0
    accepted: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        """Return the number of rows accounted for."""
        return self.rejected + self.quarantined + self.duplicate + self.superseded + self.accepted + self.held


@dataclass(frozen=True)
class Batch(Landed):
    """A batch and its progress; counts are None until they are recorded.

    `closings_held` says of a snapshot whether the keys it lacks stay open (ADR 0025), None until that is decided.
    """

    rejected: int | None = None
    quarantined: int | None = None
    duplicate: int | None = None
    superseded: int | None = None
    accepted: int | None = None
    held: int | None = None
    gate: Gate | None = None
    bronze_recorded_at: datetime | None = None
    silver_on: date | None = None
    closings_held: bool | None = None

    @property
    def is_known(self) -> bool:
        """Return whether the batch is through the gate (neither blocked nor refused), so that its rows are known to the lakehouse."""
        return self.gate in KNOWN

    @property
    def is_in_silver(self) -> bool:
        """Return whether the batch is known, and its accepted rows are in silver."""
        return self.is_known and self.silver_on is not None

    @property
    def counts(self) -> Counts:
        """Return the number of its rows by disposition; a count that is not known yet is 0."""
        return Counts(**{field.name: getattr(self, field.name) or 0 for field in fields(Counts)})


@dataclass(frozen=True)
class Filter:
    """Which batches to list: of a resource, taken in from one date to another, with one of these gate results (None: any; "": none yet).

    With `only_held` only those that wait for somebody: not through the gate yet, blocked, refused, or with held closings. `batch_ids`: only
    these.
    """

    resource: str | None = None
    since: date | None = None
    until: date | None = None
    gate: str | None = None
    only_held: bool = False
    batch_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateCount:
    """How many batches of a resource, taken in on one date, got the same gate result; `gate` is None for those not judged yet."""

    taken_on: date
    resource: str
    gate: str | None
    batches: int
    received: int


_COLUMNS = tuple(batch.c[field.name] for field in fields(Batch))
_KNOWN = batch.c.gate.in_(KNOWN)
_OPEN: dict[Stage, ColumnElement[bool]] = {
    "bronze": batch.c.bronze_recorded_at.is_(None),
    "gate": batch.c.bronze_recorded_at.is_not(None) & batch.c.gate.is_(None),
    "silver": _KNOWN & batch.c.silver_on.is_(None),
}


def lock(connection: Connection, resource: str) -> None:
    """Lock the landing of a resource's deliveries for this transaction; wait while another transaction holds the lock."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"landing {resource}"})


def add(connection: Connection, landed: Iterable[Landed]) -> int:
    """Record landed deliveries; return how many were not known yet."""
    rows = [asdict(one) for one in landed]
    if not rows:
        return 0
    added = connection.execute(insert(batch).on_conflict_do_nothing(index_elements=["batch_id"]).returning(batch.c.batch_id), rows)
    return len(added.all())


def get(connection: Connection, batch_id: str) -> Batch | None:
    """Return one batch."""
    return next(iter(_batches(connection, batch.c.batch_id == batch_id)), None)


def of_ids(connection: Connection, batch_ids: Collection[str]) -> list[Batch]:
    """Return the batches with these ids, as far as they are recorded."""
    return _batches(connection, batch.c.batch_id.in_(batch_ids)) if batch_ids else []


def find(connection: Connection, wanted: Filter) -> list[Batch]:
    """Return the batches that a filter asks for, by resource, in order of delivery."""
    found: list[ColumnElement[bool]] = []
    if wanted.resource is not None:
        found.append(batch.c.resource == wanted.resource)
    if wanted.since is not None:
        found.append(batch.c.taken_on >= wanted.since)
    if wanted.until is not None:
        found.append(batch.c.taken_on <= wanted.until)
    if wanted.gate is not None:
        found.append(batch.c.gate == wanted.gate if wanted.gate else batch.c.gate.is_(None))
    if wanted.batch_ids:
        found.append(batch.c.batch_id.in_(wanted.batch_ids))
    if wanted.only_held:
        found.append(batch.c.gate.is_(None) | batch.c.gate.not_in(KNOWN) | batch.c.closings_held)
    return _batches(connection, *found)


def beginning_with(connection: Connection, prefix: str, most: int) -> list[str]:
    """Return the ids of the batches that begin with these characters, at most so many."""
    found = select(batch.c.batch_id).where(batch.c.batch_id.startswith(prefix, autoescape=True)).order_by(batch.c.batch_id).limit(most)
    return list(connection.scalars(found))


def about(connection: Connection, resource: str, whose: Collection[tuple[str, date]]) -> list[Batch]:
    """Return what these providers delivered of a resource about these dates (pairs of both), in order of delivery."""
    named = tuple_(batch.c.provider, batch.c.business_date).in_(list(whose))
    return _batches(connection, batch.c.resource == resource, named) if whose else []


def last_delivery_no(connection: Connection, resource: str) -> int:
    """Return the highest delivery number of a resource, 0 when it has no batch."""
    found = connection.scalar(select(func.max(batch.c.delivery_no)).where(batch.c.resource == resource))
    return int(found or 0)


def landed_dates(connection: Connection, resource: str, since: date, until: date) -> list[date]:
    """Return the last date before `until` about which a usable batch was landed, and the last one from `since` to `until`, if any."""
    before, within = batch.c.business_date < until, batch.c.business_date.between(since, until)
    ends = select(*(func.max(batch.c.business_date).filter(one) for one in (before, within))).where(_usable(resource))
    found = connection.execute(ends).one()
    return [day for day in found if day is not None]


def landed_between(connection: Connection, resource: str) -> tuple[date, date] | None:
    """Return the first and the last date about which a usable batch was landed, None when there is none."""
    ends = select(func.min(batch.c.business_date), func.max(batch.c.business_date)).where(_usable(resource))
    row = connection.execute(ends).one()
    return (row[0], row[1]) if row[0] else None


def senders(connection: Connection, resource: str, until: date) -> dict[str, date]:
    """Return the providers whose batches were taken in by a date, each with the last date that one of them is about."""
    ours = (batch.c.resource == resource) & (batch.c.taken_on <= until)
    last = func.max(batch.c.business_date).label("last")
    found = connection.execute(select(batch.c.provider, last).where(ours).group_by(batch.c.provider))
    return {row.provider: row.last for row in found}


def of_resource(connection: Connection, resource: str) -> list[Batch]:
    """Return all batches of a resource in order of delivery."""
    return _batches(connection, batch.c.resource == resource)


def taken_before(connection: Connection, day: date) -> list[Batch]:
    """Return the batches that were taken in before a business date, by resource in order of delivery."""
    return _batches(connection, batch.c.taken_on < day)


def open_for(connection: Connection, resource: str, stage: Stage) -> list[Batch]:
    """Return the batches that wait for a stage, in order of delivery."""
    return _batches(connection, batch.c.resource == resource, _OPEN[stage])


def written_on(connection: Connection, resource: str, published: date | None) -> dict[str, date]:
    """Return the known batches of a resource, each with the day whose step brought it into silver, or would have.

    The published day that counts a batch stands in the store too, so it is right even where the record of the step was lost. What no day
    up to the newest `published` one counts was let in after it.
    """
    recorded = func.least(batch.c.counted_on, batch.c.silver_on)
    day = func.coalesce(recorded, func.greatest(batch.c.taken_on, published)).label("day")
    found = connection.execute(select(batch.c.batch_id, day).where(batch.c.resource == resource, _KNOWN))
    return {row.batch_id: row.day for row in found}


def unfinished(connection: Connection) -> int:
    """Return how many batches wait for any of their steps."""
    return connection.scalar(select(func.count()).select_from(batch).where(or_(*_OPEN.values()))) or 0


def last_taken(connection: Connection) -> date | None:
    """Return the newest business date whose run took a batch in, None when none did."""
    found: date | None = connection.scalar(select(func.max(batch.c.taken_on)))
    return found


def retried(connection: Connection, batch_ids: Collection[str], until: date | None = None) -> dict[str, str]:
    """Return which of these batches were taken up again (by a date, if one is given), each with the id of the batch that did."""
    found = select(batch.c.predecessor, batch.c.batch_id).where(batch.c.predecessor.in_(batch_ids))
    if until is not None:
        found = found.where(batch.c.taken_on <= until)
    return {row.predecessor: row.batch_id for row in connection.execute(found)}


def taken_on(connection: Connection, business_date: date) -> list[Batch]:
    """Return the batches that the run of a business date took in."""
    return _batches(connection, batch.c.taken_on == business_date)


def not_counted(connection: Connection, business_date: date, before: date) -> list[Batch]:
    """Return the batches known at a business date (taken by then, through the gate) that no issue of a day up to `before` counts."""
    new = or_(batch.c.counted_on.is_(None), batch.c.counted_on > before, batch.c.withdrawn_on <= before)
    return _batches(connection, batch.c.taken_on <= business_date, _KNOWN, new)


def no_longer_known(connection: Connection, before: date) -> list[Batch]:
    """Return the batches that the days up to `before` count and that the gate has taken back since."""
    held = or_(batch.c.gate.is_(None), batch.c.gate.in_(("blocked", "refused")))
    counts = (batch.c.counted_on <= before) & or_(batch.c.withdrawn_on.is_(None), batch.c.withdrawn_on > before)
    return _batches(connection, held, counts)


def record_counted(connection: Connection, on: date, added: Collection[str], withdrawn: Collection[str]) -> None:
    """Record which batches the published issue of a date adds and withdraws; what an issue before it said of the same date is replaced."""
    for column in (batch.c.counted_on, batch.c.withdrawn_on):
        connection.execute(update(batch).where(column == on).values({column.name: None}))
    if added:
        connection.execute(update(batch).where(batch.c.batch_id.in_(added)).values(counted_on=on, withdrawn_on=None))
    if withdrawn:
        connection.execute(update(batch).where(batch.c.batch_id.in_(withdrawn)).values(withdrawn_on=on))


def record_sighting(connection: Connection, batch_id: str, source_object: str, seen_on: date) -> bool:
    """Record that the bytes of a known batch came again under another name; return whether that name is new."""
    statement = insert(batch_sighting).values(batch_id=batch_id, source_object=source_object, seen_on=seen_on)
    added = connection.execute(statement.on_conflict_do_nothing().returning(batch_sighting.c.batch_id))
    return added.one_or_none() is not None


def sightings(connection: Connection, seen_on: date) -> list[tuple[str, str]]:
    """Return (batch id, source object) of the deliveries of a day that only repeated a known batch."""
    found = connection.execute(
        select(batch_sighting.c.batch_id, batch_sighting.c.source_object)
        .where(batch_sighting.c.seen_on == seen_on)
        .order_by(batch_sighting.c.source_object)
    )
    return [(row.batch_id, row.source_object) for row in found]


def record_bronze(connection: Connection, batch_ids: Sequence[str]) -> None:
    """Record that the rows of these batches are committed in bronze and were counted there."""
    connection.execute(update(batch).where(batch.c.batch_id.in_(batch_ids)).values(bronze_recorded_at=func.now()))


def record_refusal(connection: Connection, batch_id: str) -> None:
    """Record that a delivery cannot be read at all: all its rows are held, nothing waits for a later stage."""
    held = {"rejected": 0, "quarantined": 0, "duplicate": 0, "superseded": 0, "accepted": 0, "held": batch.c.received}
    connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(gate="refused", bronze_recorded_at=func.now(), **held))


def record_gate(connection: Connection, batch_id: str, gate: Gate, counts: Counts | None = None) -> None:
    """Record the gate's result for a batch and, once they are known, its rows by disposition."""
    disposed = asdict(counts) if counts else {}
    connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(gate=gate, **disposed))


def let_through(connection: Connection, batch_ids: Sequence[str], gate: Through) -> None:
    """Record that the gate lets these batches pass, without or with a warning, or because a person released them."""
    connection.execute(update(batch).where(batch.c.batch_id.in_(batch_ids)).values(gate=gate))


def record_closings(connection: Connection, held: Mapping[str, bool]) -> None:
    """Record of each of these snapshots (batch id) whether the keys it lacks stay open."""
    for is_held in (True, False):
        if ours := [batch_id for batch_id, one in held.items() if one is is_held]:
            connection.execute(update(batch).where(batch.c.batch_id.in_(ours)).values(closings_held=is_held))


def record_silver(connection: Connection, batch_ids: Sequence[str], on: date) -> None:
    """Record that the step of a date wrote the accepted rows of these batches to silver."""
    connection.execute(update(batch).where(batch.c.batch_id.in_(batch_ids)).values(silver_on=on))


def read_again(connection: Connection, batch_ids: Collection[str]) -> None:
    """Let these batches, which were taken out of bronze, be read, judged and written again: what was recorded of that is forgotten."""
    steps = ("bronze_recorded_at", "gate", "silver_on", "closings_held", *(field.name for field in fields(Counts)))
    connection.execute(update(batch).where(batch.c.batch_id.in_(batch_ids)).values(dict.fromkeys(steps)))
    connection.execute(delete(batch_rule).where(batch_rule.c.batch_id.in_(batch_ids)))


def write_again(connection: Connection, batch_ids: Collection[str]) -> None:
    """Let these batches, which were taken out of silver, wait for it again."""
    connection.execute(update(batch).where(batch.c.batch_id.in_(batch_ids)).values(silver_on=None, closings_held=None))


def _usable(resource: str) -> ColumnElement[bool]:
    return (batch.c.resource == resource) & (batch.c.gate.is_(None) | (batch.c.gate != "refused"))


def _batches(connection: Connection, *conditions: ColumnElement[bool]) -> list[Batch]:
    rows = connection.execute(select(*_COLUMNS).where(*conditions).order_by(batch.c.resource, batch.c.delivery_no))
    return [Batch(**row._mapping) for row in rows]


def delivered(connection: Connection, resource: str, provider: str | None, since: date) -> list[Batch]:
    """Return what a provider has delivered of a resource about this date or a later one, in order of delivery."""
    return _batches(connection, batch.c.resource == resource, batch.c.provider == provider, batch.c.business_date >= since)


def of_content(connection: Connection, resource: str, business_date: date, hashes: Collection[str]) -> list[Batch]:
    """Return the batches of a resource about a date that hold these bytes, in order of delivery."""
    if not hashes:
        return []
    return _batches(connection, batch.c.resource == resource, batch.c.business_date == business_date, batch.c.content_sha256.in_(hashes))


def gate_history(connection: Connection, since: date, until: date) -> list[GateCount]:
    """Return batches and rows by gate result from one date to another, both included, by date and resource."""
    group = (batch.c.taken_on, batch.c.resource, batch.c.gate)
    found = (
        select(*group, func.count().label("batches"), func.sum(batch.c.received).label("received"))
        .where(batch.c.taken_on.between(since, until))
        .group_by(*group)
        .order_by(*group)
    )
    return [GateCount(row.taken_on, row.resource, row.gate, row.batches, int(row.received)) for row in connection.execute(found)]
