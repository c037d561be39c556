"""Record and read tasks about rows (走访任务): who asked a grid to visit whom, until when. Never a value: its opener's row key names a row.

The documents below the landing root say the same (`lakehouse.returns.task_documents`); these records can be rebuilt from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from lakehouse.naming import recipient_id
from lakehouse.ops.tables import task as table

LOCK = 4_404_012
CLOSING = ("closed_on", "closed_by", "closed_because", "closed_at")


@dataclass(frozen=True)
class FrozenTask:
    """A task about one row of a return, as far as it decides which rows show more; that is what a day freezes of it.

    Attributes:
        task_id: its id.
        recipient_id: the street or community that opened it.
        return_id: the return the row is of.
        row_key: the row, by the row key in the opener's own package.
        grid_code: the grid the row lay in when it was opened; the task is for this grid alone.
        need_id: the approved need under which the opener receives the return.
        opened_on: the business date on which it was opened.
        last_day: the last business date on which it holds.
    """

    task_id: str
    recipient_id: str
    return_id: str
    row_key: str
    grid_code: str
    need_id: str
    opened_on: date
    last_day: date

    @property
    def grid_id(self) -> str:
        """Return the recipient whose workbook it is about."""
        return recipient_id("grid", self.grid_code)


@dataclass(frozen=True)
class RowTask(FrozenTask):
    """A task with who opened it and why, a street or community that received the row; it ends with its last day, or when closed.

    Attributes:
        opened_by: who opened it.
        reason: why, in their words.
        opened_at: when.
        closed_on: the business date on which it was closed; it holds on earlier ones only.
        closed_by: who closed it.
        closed_because: why, in their words.
        closed_at: when.
    """

    opened_by: str
    reason: str
    opened_at: datetime
    closed_on: date | None = None
    closed_by: str | None = None
    closed_because: str | None = None
    closed_at: datetime | None = None

    def is_open(self, on: date) -> bool:
        """Return whether the task holds on a business date."""
        return self.opened_on <= on <= self.last_day and (self.closed_on is None or self.closed_on > on)

    def state_on(self, on: date) -> str:
        """Return in one word where the task stands on a business date: open, closed, or over (its last day has passed)."""
        return "closed" if self.closed_on else "open" if on <= self.last_day else "over"


_COLUMNS = tuple(table.c[one.name] for one in fields(RowTask))


def lock(connection: Connection) -> None:
    """Let nobody else open or close a task before this transaction ends, so that what is counted stays true."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def record(connection: Connection, tasks: Iterable[RowTask]) -> int:
    """Record tasks; return how many were not known yet. A known one stays, and is closed where it was open and these say it is closed."""
    rows = [asdict(one) for one in tasks]
    if not rows:
        return 0
    known = connection.scalar(select(func.count()).where(table.c.task_id.in_([row["task_id"] for row in rows]))) or 0
    new = insert(table)
    closing = {name: func.coalesce(table.c[name], new.excluded[name]) for name in CLOSING}
    connection.execute(new.on_conflict_do_update(index_elements=["task_id"], set_=closing), rows)
    return len(rows) - known


def find(connection: Connection, recipient_id: str | None = None) -> list[RowTask]:
    """Return the tasks of a recipient, or of all of them, in the order in which they were opened."""
    found = select(*_COLUMNS).order_by(table.c.opened_at, table.c.task_id)
    if recipient_id is not None:
        found = found.where(table.c.recipient_id == recipient_id)
    return [RowTask(**row._mapping) for row in connection.execute(found)]


def open_on(connection: Connection, on: date) -> list[RowTask]:
    """Return the tasks that hold on a business date, by id."""
    is_closed = table.c.closed_on.is_not(None) & (table.c.closed_on <= on)
    found = select(*_COLUMNS).where(table.c.opened_on <= on, table.c.last_day >= on, ~is_closed).order_by(table.c.task_id)
    return [RowTask(**row._mapping) for row in connection.execute(found)]
