"""Record and read tickets: one generic list of matters that somebody has to look at by a date, with the events of each."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, text, update

from lakehouse.ops import events
from lakehouse.ops.events import NewEvent
from lakehouse.ops.tables import ticket, ticket_event
from lakehouse.ops.transitions import RECURRING, SYSTEM, UNDONE, Actor, Step, check

State = Literal["open", "assigned", "closed"]


@dataclass(frozen=True)
class NewTicket:
    """A matter somebody has to look at. Only one ticket of the same kind and subject can be open at a time.

    `kind` is one of `transitions.SETTLED`; `subject` names the thing itself (a batch, a file, a run, a contract), never a value of the
    data. `due_on` is kept as it is when the ticket is opened.
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

    @property
    def reason(self) -> str:
        """Return in one line where something is wrong and what was found; the whole message also says how to mend it."""
        where, *rest = self.message.split("\n")
        return f"{where} {rest[0].strip()}" if where.endswith(":") and rest else where


@dataclass(frozen=True)
class Closing:
    """Why a ticket is closed: the reason, the business date, who says so, and the document (or batch) that settled it."""

    reason: str
    on: date
    actor: Actor = SYSTEM
    document: str | None = None


_COLUMNS = tuple(ticket.c[one.name] for one in fields(Ticket))


def open_ticket(connection: Connection, new: NewTicket) -> int:
    """Open a ticket, or update the open ticket of the same kind and subject; return its number.

    An open ticket takes the newer message and detail, and gets an event only when they differ from the ones it has. A closed one is
    returned as it is where its closing still stands: when a day is run or a batch is rebuilt again, nobody has to decide twice.
    """
    ours = (ticket.c.kind == new.kind) & (ticket.c.subject == new.subject)
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"ticket {new.kind} {new.subject}"})
    newest = select(*_COLUMNS).where(ours).order_by(ticket.c.ticket_id.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    known = Ticket(**row._mapping) if row else None
    if known is None or (known.closed_on is not None and not _stands(connection, known, known.closed_on, new)):
        statement = insert(ticket).values(state="open", **asdict(new)).returning(ticket.c.ticket_id)
        ticket_id: int = connection.execute(statement).scalar_one()
        _record(connection, ticket_id, NewEvent("opened", new.business_date))
        return ticket_id
    if known.closed_on is None and (known.message, known.detail) != (new.message, new.detail):
        changed = update(ticket).where(ticket.c.ticket_id == known.ticket_id).values(message=new.message, detail=new.detail)
        connection.execute(changed)
        _record(connection, known.ticket_id, NewEvent("changed", new.business_date))
    return known.ticket_id


def assign(connection: Connection, ticket_id: int, assignee: str, on: date, actor: Actor) -> None:
    """Assign a ticket to somebody.

    Raises:
        ConfigError: the table of transitions does not allow it.
    """
    _take_step(connection, ticket_id, ("assigned", "assigned"), actor)
    connection.execute(update(ticket).where(ticket.c.ticket_id == ticket_id).values(state="assigned", assignee=assignee))
    _record(connection, ticket_id, NewEvent("assigned", on, actor, "assigned", detail={"assignee": assignee}))


def close(connection: Connection, ticket_id: int, closing: Closing) -> None:
    """Close a ticket with the reason that settles it.

    Raises:
        ConfigError: the table of transitions does not allow it: it is closed already, or this reason settles no ticket of its kind.
    """
    _take_step(connection, ticket_id, ("closed", closing.reason), closing.actor)
    connection.execute(update(ticket).where(ticket.c.ticket_id == ticket_id).values(state="closed", closed_on=closing.on))
    _record(connection, ticket_id, NewEvent("closed", closing.on, closing.actor, closing.reason, closing.document))


def close_open(connection: Connection, kind: str, closing: Closing, *, resource: str | None = None, but: Container[str] = ()) -> None:
    """Close the open tickets of a kind (and resource) with one reason, all but those of some subjects."""
    for one in find(connection, kind=kind, resource=resource, only_open=True):
        if one.subject not in but:
            close(connection, one.ticket_id, closing)


def find(
    connection: Connection,
    business_date: date | None = None,
    kind: str | None = None,
    *,
    resource: str | None = None,
    only_open: bool = False,
) -> list[Ticket]:
    """Return tickets by date, kind, resource and state, the oldest first."""
    found = select(*_COLUMNS)
    for column, value in ((ticket.c.business_date, business_date), (ticket.c.kind, kind), (ticket.c.resource, resource)):
        if value is not None:
            found = found.where(column == value)
    if only_open:
        found = found.where(ticket.c.closed_on.is_(None))
    return [Ticket(**row._mapping) for row in connection.execute(found.order_by(ticket.c.ticket_id))]


def get(connection: Connection, ticket_id: int) -> Ticket | None:
    """Return one ticket."""
    row = connection.execute(select(*_COLUMNS).where(ticket.c.ticket_id == ticket_id)).one_or_none()
    return Ticket(**row._mapping) if row else None


def history(connection: Connection, ticket_id: int) -> list[events.Event]:
    """Return what happened to a ticket, in order."""
    return events.history(connection, ticket_event.c.ticket_id, ticket_id)


def _stands(connection: Connection, known: Ticket, closed_on: date, new: NewTicket) -> bool:
    """Return whether the closing of a ticket also settles the same thing found again.

    What can come again (a failing run, a wrong contract) is a new matter, unless a person closed it and only an earlier day is run again.
    What happens once (a delivery stopped, a delivery missing) stays settled, unless it was settled because the delivery was let in.
    """
    last = history(connection, known.ticket_id)[-1]
    if new.kind in RECURRING:
        return last.channel != SYSTEM.channel and new.business_date <= closed_on
    return last.reason not in UNDONE


def _take_step(connection: Connection, ticket_id: int, step: tuple[str, str], actor: Actor) -> None:
    known = connection.execute(select(ticket.c.kind, ticket.c.state).where(ticket.c.ticket_id == ticket_id).with_for_update()).one()
    check(Step("ticket", known.kind, known.state, *step), actor)


def _record(connection: Connection, ticket_id: int, event: NewEvent) -> None:
    events.record(connection, ticket_event.c.ticket_id, ticket_id, event)
