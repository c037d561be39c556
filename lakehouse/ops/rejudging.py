"""Record and read rejudgings: who had the rows of a resource judged again, and what was counted of each batch then.

What the gate counted stands in the batch and its rules and stays there: it is what was published.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from lakehouse.ops.tables import rejudged_batch, rejudging


@dataclass(frozen=True)
class Rejudging:
    """What a person decided: to judge again the batches of a resource that are about `since` or a later date, by the rules of today.

    Attributes:
        resource: the resource.
        number: the rejudgings of a resource are counted; a later one stands above an earlier one.
        since: the first business date whose batches are judged again.
        judged_on: the newest business date then; what changes is known from it on.
        contract_version: the version of the contract that judged.
        contract_sha256: the hash of what it says.
        actor: who decided.
        reason: why, in their words.
        decided_at: when.
    """

    resource: str
    number: int
    since: date
    judged_on: date
    contract_version: str
    contract_sha256: str
    actor: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True)
class Recount:
    """What a rejudging counted of a batch: quarantined rows, and the rows that break each rule (only broken ones)."""

    batch_id: str
    number: int
    judged_on: date
    quarantined: int
    broken: dict[str, int]


_COLUMNS = tuple(rejudging.c[one.name] for one in fields(Rejudging))
_COUNTS = tuple(rejudged_batch.c[one.name] for one in fields(Recount))


def record(connection: Connection, rejudgings: Iterable[Rejudging]) -> None:
    """Record rejudgings; one that is known already stays as it is."""
    if rows := [asdict(one) for one in rejudgings]:
        connection.execute(insert(rejudging).on_conflict_do_nothing(), rows)


def record_counts(connection: Connection, counts: Iterable[Recount]) -> None:
    """Record what a rejudging counted, beside what the gate and earlier ones did."""
    if rows := [asdict(one) for one in counts]:
        connection.execute(insert(rejudged_batch).on_conflict_do_nothing(), rows)


def of_resource(connection: Connection, resource: str) -> list[Rejudging]:
    """Return the rejudgings of a resource in order."""
    found = select(*_COLUMNS).where(rejudging.c.resource == resource).order_by(rejudging.c.number)
    return [Rejudging(**row._mapping) for row in connection.execute(found)]


def newest_counts(connection: Connection, batch_ids: Collection[str]) -> dict[str, Recount]:
    """Return what the last rejudging counted of each of these batches that one has counted, by batch id."""
    found = select(*_COUNTS).where(rejudged_batch.c.batch_id.in_(batch_ids)).ext(distinct_on(rejudged_batch.c.batch_id))
    rows = connection.execute(found.order_by(rejudged_batch.c.batch_id, rejudged_batch.c.number.desc()))
    return {row.batch_id: Recount(**row._mapping) for row in rows} if batch_ids else {}
