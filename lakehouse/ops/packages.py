"""Record and read packages: what was made for each recipient, date and issue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import package


@dataclass(frozen=True)
class Package:
    """One package: the hash of its manifest, how many payloads were written anew, and how many it only refers to.

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
    """The sums over all packages of one issue of a day."""

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
    """Record packages; a package that is built again, before its day is published, replaces the earlier record."""
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
    """Return the sums over all packages of an issue."""
    sums = (func.coalesce(func.sum(package.c[name]), 0).label(name) for name in _SUMS)
    found = select(func.count().label("packages"), *sums).where(package.c.business_date == business_date, package.c.issue == issue)
    row = connection.execute(found).one()
    return Totals(**{name: int(value) for name, value in row._mapping.items()})
