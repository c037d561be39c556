"""Record and read how long each step took."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import step_timing


@dataclass(frozen=True)
class Timing:
    """One attempt at one step; `resource` is empty for a step of the whole day."""

    business_date: date
    step: str
    resource: str
    attempt: int
    seconds: float
    started_at: datetime


_COLUMNS = tuple(step_timing.c[field.name] for field in fields(Timing))
_KEY = ["business_date", "step", "resource", "attempt"]


def record(connection: Connection, timing: Timing) -> None:
    """Record a timing; a later timing of the same attempt replaces it."""
    news = {"seconds": timing.seconds, "started_at": timing.started_at}
    connection.execute(insert(step_timing).values(asdict(timing)).on_conflict_do_update(index_elements=_KEY, set_=news))


def of_day(connection: Connection, business_date: date) -> list[Timing]:
    """Return the timings of a business date in the order the steps began."""
    found = select(*_COLUMNS).where(step_timing.c.business_date == business_date)
    return [
        Timing(**row._mapping) for row in connection.execute(found.order_by(step_timing.c.started_at, *(step_timing.c[k] for k in _KEY)))
    ]
