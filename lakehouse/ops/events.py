"""The events of cases and tickets: what happened, when, by whom, through which channel, for what reason, on which document."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, func, insert, select

from lakehouse.ops.transitions import SYSTEM, Actor, Channel


@dataclass(frozen=True)
class NewEvent:
    """An event before it is recorded.

    `document` names what it rests on: a batch, or the reference of a letter or an approval; never a value of the data.
    """

    event: str
    business_date: date
    actor: Actor = SYSTEM
    reason: str | None = None
    document: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return the columns that all tables of events have, without the number."""
        names = ("event", "business_date", "reason", "document", "detail")
        return {**{name: getattr(self, name) for name in names}, "actor": self.actor.name, "channel": self.actor.channel}


@dataclass(frozen=True)
class Event:
    """A recorded event; `seq` numbers the events of one case or ticket from 1."""

    seq: int
    event: str
    business_date: date
    actor: str
    channel: Channel
    reason: str | None
    document: str | None
    detail: dict[str, Any]
    recorded_at: datetime


def record(connection: Connection, of: Column[Any], number: str | int, event: NewEvent) -> None:
    """Record an event of the case or ticket whose id stands in a column of its table of events."""
    last = select(func.coalesce(func.max(of.table.c.seq), 0) + 1).where(of == number).scalar_subquery()
    connection.execute(insert(of.table).values({of.name: number, "seq": last, **event.row()}))


def history(connection: Connection, of: Column[Any], number: str | int) -> list[Event]:
    """Return the events of the case or ticket whose id stands in a column of its table of events, in order."""
    columns = [of.table.c[one.name] for one in fields(Event)]
    return [Event(**row._mapping) for row in connection.execute(select(*columns).where(of == number).order_by(of.table.c.seq))]
