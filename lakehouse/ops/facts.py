"""Record and read facts of a day: results of its steps (`libraries`, `proofs`, `invariants`), only the newest value of each."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import day_fact


def record(connection: Connection, business_date: date, fact: str, detail: Any) -> None:
    """Record a fact of a day; the newer one replaces the older."""
    statement = insert(day_fact).values(business_date=business_date, fact=fact, detail=detail)
    news = {"detail": statement.excluded.detail, "recorded_at": func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=["business_date", "fact"], set_=news))


def get(connection: Connection, business_date: date, fact: str) -> Any:
    """Return a fact of a day, None when no step has recorded it yet."""
    ours = (day_fact.c.business_date == business_date) & (day_fact.c.fact == fact)
    return connection.execute(select(day_fact.c.detail).where(ours)).scalar_one_or_none()
