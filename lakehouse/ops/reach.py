"""Record and read how far the windows of a resource reach: what its source table held by day when it was asked last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import source_reach

NO_DAY = ""  # of rows whose watermark is no day
Days = Mapping[date | None, int]


@dataclass(frozen=True)
class Reach:
    """What a source table held when it was asked on a business date (`on`).

    Attributes:
        on: the last day of the window that was asked for.
        days: the number of its rows by the day of their watermark (None: of no day).
        missed: how many of them came behind every window asked for since, by the same days.
    """

    on: date
    days: Days
    missed: Days


def get(connection: Connection, resource: str) -> Reach | None:
    """Return what is recorded of a resource, None when its source was never asked."""
    columns = (source_reach.c.business_date, source_reach.c.days, source_reach.c.missed)
    row = connection.execute(select(*columns).where(source_reach.c.resource == resource)).one_or_none()
    return Reach(row.business_date, _read(row.days), _read(row.missed)) if row else None


def record(connection: Connection, resource: str, reach: Reach) -> None:
    """Record what a source held when it was asked last; what was recorded before is replaced."""
    facts = {"business_date": reach.on, "days": _kept(reach.days), "missed": _kept(reach.missed)}
    statement = insert(source_reach).values(resource=resource, **facts)
    connection.execute(statement.on_conflict_do_update(index_elements=["resource"], set_=facts))


def _read(kept: Mapping[str, int]) -> Days:
    return {date.fromisoformat(day) if day else None: count for day, count in kept.items()}


def _kept(days: Days) -> dict[str, int]:
    return {day.isoformat() if day else NO_DAY: count for day, count in days.items()}
