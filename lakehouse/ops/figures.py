"""Count what the records hold, for metrics: sums by kind and level, never a subject, a recipient or a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import Connection, Table, func, select

from lakehouse.ops.batches import Counts
from lakehouse.ops.tables import batch, case, day, package, ticket

DISPOSITIONS = tuple(field.name for field in fields(Counts))


@dataclass(frozen=True)
class Ledger:
    """Rows of all batches: those received, those accounted for by disposition, and those of batches that wait for a step."""

    received: int
    waiting: int
    by_disposition: Mapping[str, int]

    @property
    def imbalance(self) -> int:
        """Return how many rows are received, wait for nothing and are not accounted for; 0 where the ledger is right."""
        return self.received - self.waiting - sum(self.by_disposition.values())


@dataclass(frozen=True)
class LevelPackages:
    """Packages of one level in an issue, with their rows and the bytes of payloads written anew and referred to."""

    packages: int
    rows: int
    bytes_written: int
    bytes_referred: int


def ledger(connection: Connection) -> Ledger:
    """Return the sums over all batches."""
    sums = {name: func.coalesce(func.sum(batch.c[name]), 0) for name in ("received", *DISPOSITIONS)}
    waiting = func.coalesce(func.sum(batch.c.received).filter(batch.c.accepted.is_(None)), 0).label("waiting")
    row = connection.execute(select(waiting, *(one.label(name) for name, one in sums.items()))).one()._mapping
    return Ledger(int(row["received"]), int(row["waiting"]), {name: int(row[name]) for name in DISPOSITIONS})


def open_tickets(connection: Connection) -> dict[str, int]:
    """Return the number of open tickets by kind."""
    return _open_by_kind(connection, ticket)


def open_cases(connection: Connection) -> dict[str, int]:
    """Return the number of open cases by kind."""
    return _open_by_kind(connection, case)


def published_days(connection: Connection) -> int:
    """Return how many business days were published."""
    return int(connection.scalar(select(func.count(day.c.business_date.distinct())).where(day.c.state == "published")) or 0)


def packages_by_level(connection: Connection, business_date: date, issue: int) -> dict[str, LevelPackages]:
    """Return the packages of an issue by level; those of departments are one level of their own."""
    sums = (func.sum(package.c[field.name]).label(field.name) for field in fields(LevelPackages) if field.name != "packages")
    ours = (package.c.business_date == business_date) & (package.c.issue == issue)
    found = select(package.c.level, func.count().label("packages"), *sums).where(ours).group_by(package.c.level)
    return {
        row.level: LevelPackages(row.packages, int(row.rows), int(row.bytes_written), int(row.bytes_referred))
        for row in connection.execute(found)
    }


def _open_by_kind(connection: Connection, table: Table) -> dict[str, int]:
    found = select(table.c.kind, func.count().label("number")).where(table.c.closed_on.is_(None)).group_by(table.c.kind)
    return {row.kind: row.number for row in connection.execute(found)}
