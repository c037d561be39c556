"""Record and read business days: closed in order, published one issue at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from lakehouse.ops.tables import day

State = Literal["closed", "published"]


@dataclass(frozen=True)
class Day:
    """One issue of a business day; `gaps` lists what should have come and did not."""

    business_date: date
    issue: int
    state: State
    gaps: list[dict[str, Any]]
    entry_sha256: str | None
    closed_at: datetime
    published_at: datetime | None


_COLUMNS = tuple(day.c[field.name] for field in fields(Day))


def close(connection: Connection, business_date: date, issue: int, gaps: list[dict[str, Any]]) -> None:
    """Record that an issue of a day is closed with these gaps; a published issue stays as it is."""
    row = {"business_date": business_date, "issue": issue, "state": "closed", "gaps": gaps}
    again = {"gaps": gaps, "closed_at": func.now()}
    statement = insert(day).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["business_date", "issue"], set_=again, where=day.c.state == "closed")
    )


def publish(connection: Connection, business_date: date, issue: int, entry_sha256: str) -> None:
    """Record that an issue of a day is published under this day entry."""
    row = {
        "business_date": business_date,
        "issue": issue,
        "state": "published",
        "entry_sha256": entry_sha256,
        "published_at": func.now(),
    }
    published = {"state": "published", "entry_sha256": entry_sha256, "published_at": func.coalesce(day.c.published_at, func.now())}
    statement = insert(day).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["business_date", "issue"], set_=published))


def set_gaps(connection: Connection, business_date: date, issue: int, gaps: list[dict[str, Any]]) -> None:
    """Record the gaps of an issue anew: the day was closed again, and what is published did not change by it."""
    connection.execute(day.update().where(day.c.business_date == business_date, day.c.issue == issue).values(gaps=gaps))


def reopen(connection: Connection, business_date: date, issue: int) -> None:
    """Delete the record of an issue that is closed but not published, so that it can be closed again."""
    connection.execute(day.delete().where(day.c.business_date == business_date, day.c.issue == issue, day.c.state == "closed"))


def get(connection: Connection, business_date: date, issue: int) -> Day | None:
    """Return one issue of a day."""
    row = connection.execute(select(*_COLUMNS).where(day.c.business_date == business_date, day.c.issue == issue)).one_or_none()
    return Day(**row._mapping) if row else None


def newest_issue(connection: Connection, business_date: date) -> Day | None:
    """Return the newest issue of a day, closed or published."""
    found = select(*_COLUMNS).where(day.c.business_date == business_date).order_by(day.c.issue.desc()).limit(1)
    row = connection.execute(found).one_or_none()
    return Day(**row._mapping) if row else None


def newest_issues(connection: Connection, since: date, until: date) -> list[Day]:
    """Return the newest issue of every day closed from one date to another, both included, in order."""
    found = select(*_COLUMNS).where(day.c.business_date.between(since, until)).ext(distinct_on(day.c.business_date))
    return [Day(**row._mapping) for row in connection.execute(found.order_by(day.c.business_date, day.c.issue.desc()))]


def last_closed(connection: Connection) -> Day | None:
    """Return the newest issue of the latest day that was closed."""
    found = select(*_COLUMNS).order_by(day.c.business_date.desc(), day.c.issue.desc()).limit(1)
    row = connection.execute(found).one_or_none()
    return Day(**row._mapping) if row else None


def newest_date(connection: Connection, taken: Iterable[date]) -> date:
    """Return the newest of the dates whose runs took something in (`taken`) and of the last closed day: what changes now is dated so."""
    closed = last_closed(connection)
    return max([*taken, *([closed.business_date] if closed else [])], default=date.min)


def last_published(connection: Connection, before: date | None = None) -> Day | None:
    """Return the final published issue of the latest published day (before a date, if one is given)."""
    found = select(*_COLUMNS).where(day.c.state == "published")
    if before is not None:
        found = found.where(day.c.business_date < before)
    row = connection.execute(found.order_by(day.c.business_date.desc(), day.c.issue.desc()).limit(1)).one_or_none()
    return Day(**row._mapping) if row else None


def is_final(connection: Connection, business_date: date) -> bool:
    """Return whether a later date is already published, so that this one can only be checked."""
    last = last_published(connection)
    return last is not None and last.business_date > business_date
