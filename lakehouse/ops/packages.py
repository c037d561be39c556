"""Returns and records packages: what was made for each recipient, date and issue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import package


@dataclass(frozen=True)
class Package:
    """One package: its manifest's hash, how many payloads were written anew and how many only referred to.

    `level` is that of the region it is for, or `department`.
    """

    recipient_id: str
    business_date: date
    issue: int
    level: str
    manifest_sha256: str
    forms: int
    rows: int
    files_written: int
    files_referred: int
    bytes_written: int
    bytes_referred: int


@dataclass(frozen=True)
class Totals:
    """What an issue of a day made altogether."""

    packages: int
    forms: int
    rows: int
    files_written: int
    files_referred: int
    bytes_written: int
    bytes_referred: int


_COLUMNS = tuple(package.c[field.name] for field in fields(Package))
_SUMS = tuple(field.name for field in fields(Totals) if field.name != "packages")


def put(connection: Connection, packages: Iterable[Package]) -> None:
    """Record packages; one that is built again (before its day is published) replaces itself."""
    rows = [asdict(one) for one in packages]
    if not rows:
        return
    statement = insert(package)
    key = ["recipient_id", "business_date", "issue"]
    news = {name: statement.excluded[name] for name in rows[0] if name not in key} | {"built_at": func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=news), rows)


def of_issue(connection: Connection, business_date: date, issue: int) -> list[Package]:
    """Return the packages of an issue, by recipient."""
    found = select(*_COLUMNS).where(package.c.business_date == business_date, package.c.issue == issue)
    return [Package(**row._mapping) for row in connection.execute(found.order_by(package.c.recipient_id))]


def totals(connection: Connection, business_date: date, issue: int) -> Totals:
    """Return what an issue made altogether."""
    sums = (func.coalesce(func.sum(package.c[name]), 0).label(name) for name in _SUMS)
    found = select(func.count().label("packages"), *sums).where(package.c.business_date == business_date, package.c.issue == issue)
    row = connection.execute(found).one()
    return Totals(**{name: int(value) for name, value in row._mapping.items()})
