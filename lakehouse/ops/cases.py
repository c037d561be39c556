"""Record and read quarantine cases: one per quarantined row or unreadable line, until it is fixed, waived or rejected."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Literal

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import quarantine_case as case

State = Literal["open", "assigned", "fixed", "waived", "rejected"]


@dataclass(frozen=True)
class NewCase:
    """A row that was not accepted: its batch and line, and the rules it broke (for an unreadable line `reject.<code>`)."""

    batch_id: str
    source_line: int
    resource: str
    provider: str
    business_date: date
    rules: list[str]
    opened_on: date
    ticket_id: int | None = None

    @property
    def case_id(self) -> str:
        """Return the same id for the same row every time."""
        return hashlib.sha256(f"{self.batch_id}|{self.source_line}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Case:
    """A case with its current state."""

    case_id: str
    batch_id: str
    source_line: int
    resource: str
    provider: str
    business_date: date
    rules: list[str]
    state: State
    ticket_id: int | None
    opened_on: date
    closed_on: date | None


@dataclass(frozen=True)
class Filter:
    """Selects cases; None matches any value."""

    resource: str | None = None
    business_date: date | None = None
    only_open: bool = False


_COLUMNS = tuple(case.c[field.name] for field in fields(Case))


def open_cases(connection: Connection, cases: Iterable[NewCase]) -> int:
    """Open cases; return how many are new (the case of a known row keeps its state)."""
    rows = [{"case_id": one.case_id, "state": "open", **asdict(one)} for one in cases]
    if not rows:
        return 0
    added = connection.execute(insert(case).on_conflict_do_nothing(index_elements=["case_id"]).returning(case.c.case_id), rows)
    return len(added.all())


def close(connection: Connection, case_id: str, state: State, on: date) -> None:
    """Close a case with its final state."""
    connection.execute(update(case).where(case.c.case_id == case_id).values(state=state, closed_on=on))


def find(connection: Connection, wanted: Filter, limit: int | None = None) -> list[Case]:
    """Return cases in order of date, batch and line."""
    found = select(*_COLUMNS)
    if wanted.resource is not None:
        found = found.where(case.c.resource == wanted.resource)
    if wanted.business_date is not None:
        found = found.where(case.c.business_date == wanted.business_date)
    if wanted.only_open:
        found = found.where(case.c.closed_on.is_(None))
    found = found.order_by(case.c.business_date, case.c.batch_id, case.c.source_line).limit(limit)
    return [Case(**row._mapping) for row in connection.execute(found)]


def get(connection: Connection, case_id: str) -> Case | None:
    """Return one case."""
    row = connection.execute(select(*_COLUMNS).where(case.c.case_id == case_id)).one_or_none()
    return Case(**row._mapping) if row else None
