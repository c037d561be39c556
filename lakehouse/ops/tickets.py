"""Record and read tickets: one generic list of matters that somebody has to look at, with the events of each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, text, update

from lakehouse.ops.tables import ticket, ticket_event

State = Literal["open", "assigned", "closed"]


@dataclass(frozen=True)
class NewTicket:
    """A matter somebody has to look at. Only one ticket of the same kind and subject can be open at a time.

    `kind` is for instance `refused`, `blocked`, `silent`, `failed`, `quarantine`; `subject` names the thing, never a value of the data.
    """

    kind: str
    subject: str
    business_date: date
    message: str
    resource: str | None = None
    provider: str | None = None
    due_on: date | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ticket:
    """A ticket with its current state."""

    ticket_id: int
    kind: str
    subject: str
    state: State
    resource: str | None
    provider: str | None
    business_date: date
    message: str
    detail: dict[str, Any]
    assignee: str | None
    due_on: date | None
    closed_on: date | None
    opened_at: datetime


@dataclass(frozen=True)
class NewEvent:
    """An event of a ticket, before it is recorded."""

    event: str
    business_date: date
    actor: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Event(NewEvent):
    """A recorded event of a ticket; `seq` numbers the events of one ticket from 1."""

    seq: int
    recorded_at: datetime


_COLUMNS = tuple(ticket.c[one.name] for one in fields(Ticket))
_EVENT_COLUMNS = tuple(ticket_event.c[one.name] for one in fields(Event))


def open_ticket(connection: Connection, new: NewTicket) -> int:
    """Open a ticket, or update the open ticket of the same kind and subject; return its number.

    An open ticket takes the newer message and detail, and gets an event only when they differ from the ones it has.
    """
    ours = (ticket.c.kind == new.kind) & (ticket.c.subject == new.subject) & ticket.c.closed_on.is_(None)
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"ticket {new.kind} {new.subject}"})
    known = connection.execute(select(ticket.c.ticket_id, ticket.c.message, ticket.c.detail).where(ours)).one_or_none()
    if known is None:
        statement = insert(ticket).values(state="open", **asdict(new)).returning(ticket.c.ticket_id)
        ticket_id: int = connection.execute(statement).scalar_one()
        _record(connection, ticket_id, NewEvent("opened", new.business_date))
        return ticket_id
    if (known.message, known.detail) != (new.message, new.detail):
        connection.execute(update(ticket).where(ours).values(message=new.message, detail=new.detail))
        _record(connection, known.ticket_id, NewEvent("changed", new.business_date))
    return int(known.ticket_id)


def assign(connection: Connection, ticket_id: int, assignee: str, on: date) -> None:
    """Assign a ticket to somebody."""
    connection.execute(update(ticket).where(ticket.c.ticket_id == ticket_id).values(state="assigned", assignee=assignee))
    _record(connection, ticket_id, NewEvent("assigned", on, assignee))


def close(connection: Connection, kind: str, subject: str, on: date, reason: str) -> bool:
    """Close the open ticket of this kind and subject; return whether there was one."""
    ours = (ticket.c.kind == kind) & (ticket.c.subject == subject) & ticket.c.closed_on.is_(None)
    closed = connection.execute(update(ticket).where(ours).values(state="closed", closed_on=on).returning(ticket.c.ticket_id))
    ticket_id = closed.scalar_one_or_none()
    if ticket_id is None:
        return False
    _record(connection, ticket_id, NewEvent("closed", on, None, {"reason": reason}))
    return True


def find(connection: Connection, business_date: date | None = None, kind: str | None = None, *, only_open: bool = False) -> list[Ticket]:
    """Return tickets by date, kind and state, the oldest first."""
    found = select(*_COLUMNS)
    if business_date is not None:
        found = found.where(ticket.c.business_date == business_date)
    if kind is not None:
        found = found.where(ticket.c.kind == kind)
    if only_open:
        found = found.where(ticket.c.closed_on.is_(None))
    return [Ticket(**row._mapping) for row in connection.execute(found.order_by(ticket.c.ticket_id))]


def get(connection: Connection, ticket_id: int) -> Ticket | None:
    """Return one ticket."""
    row = connection.execute(select(*_COLUMNS).where(ticket.c.ticket_id == ticket_id)).one_or_none()
    return Ticket(**row._mapping) if row else None


def events(connection: Connection, ticket_id: int) -> list[Event]:
    """Return what happened to a ticket, in order."""
    found = select(*_EVENT_COLUMNS).where(ticket_event.c.ticket_id == ticket_id).order_by(ticket_event.c.seq)
    return [Event(**row._mapping) for row in connection.execute(found)]


def _record(connection: Connection, ticket_id: int, event: NewEvent) -> None:
    number = select(func.coalesce(func.max(ticket_event.c.seq), 0) + 1).where(ticket_event.c.ticket_id == ticket_id).scalar_subquery()
    connection.execute(insert(ticket_event).values(ticket_id=ticket_id, seq=number, **asdict(event)))
