"""Returns and records the ingest runs of a day: one per resource and business date, watched by the step that closes the day."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import ingest_run

State = Literal["running", "done", "failed"]
Outcome = Literal["accepted", "blocked", "refused", "nothing", "failed"]


@dataclass(frozen=True)
class IngestRun:
    """How far a resource came on a business date and how it ended."""

    resource: str
    business_date: date
    state: State
    outcome: Outcome | None
    attempt: int
    detail: dict[str, Any]
    started_at: datetime
    ended_at: datetime | None


_COLUMNS = tuple(ingest_run.c[field.name] for field in fields(IngestRun))


def start(connection: Connection, resource: str, business_date: date) -> int:
    """Records that a run begins (again); returns the number of the attempt."""
    row = {"resource": resource, "business_date": business_date, "state": "running", "attempt": 1}
    again: dict[str, Any] = {
        "state": "running",
        "outcome": None,
        "detail": {},
        "attempt": ingest_run.c.attempt + 1,
        "started_at": func.now(),
        "ended_at": None,
    }
    statement = insert(ingest_run).values(row).on_conflict_do_update(index_elements=["resource", "business_date"], set_=again)
    return connection.execute(statement.returning(ingest_run.c.attempt)).scalar_one()


def note(connection: Connection, resource: str, business_date: date, detail: dict[str, Any]) -> None:
    """Adds to what a run says of itself, key by key."""
    ours = (ingest_run.c.resource == resource) & (ingest_run.c.business_date == business_date)
    connection.execute(ingest_run.update().where(ours).values(detail=ingest_run.c.detail.op("||")(detail)))


def finish(connection: Connection, run: tuple[str, date], outcome: Outcome, detail: dict[str, Any] | None = None) -> None:
    """Records how the run (resource, business date) ended, whether or not its beginning was recorded."""
    resource, business_date = run
    state: State = "failed" if outcome == "failed" else "done"
    row = {"resource": resource, "business_date": business_date, "state": state, "outcome": outcome, "attempt": 1, "detail": detail or {}}
    end = {"state": state, "outcome": outcome, "ended_at": func.now(), "detail": ingest_run.c.detail.op("||")(detail or {})}
    statement = insert(ingest_run).values({**row, "ended_at": func.now()})
    connection.execute(statement.on_conflict_do_update(index_elements=["resource", "business_date"], set_=end))


def get(connection: Connection, resource: str, business_date: date) -> IngestRun | None:
    """Returns one run."""
    ours = (ingest_run.c.resource == resource) & (ingest_run.c.business_date == business_date)
    row = connection.execute(select(*_COLUMNS).where(ours)).one_or_none()
    return IngestRun(**row._mapping) if row else None


def of_day(connection: Connection, business_date: date) -> list[IngestRun]:
    """Returns the runs of a business date, by resource."""
    found = select(*_COLUMNS).where(ingest_run.c.business_date == business_date).order_by(ingest_run.c.resource)
    return [IngestRun(**row._mapping) for row in connection.execute(found)]


def begun_before(connection: Connection, business_date: date) -> list[date]:
    """Returns the earlier business dates for which any run was begun, in order."""
    found = select(ingest_run.c.business_date).where(ingest_run.c.business_date < business_date).distinct()
    return sorted(connection.scalars(found))
