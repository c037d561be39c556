"""Record and read recipients: the regions and departments that packages are made for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import Connection, or_, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import recipient


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """A region's authority or a department that receives packages, from `valid_from` until before `valid_to`."""

    recipient_id: str
    level: str
    name: str
    region_code: str | None
    department_uscc: str | None
    valid_from: date
    valid_to: date | None


_COLUMNS = tuple(recipient.c[field.name] for field in fields(Recipient))


def put(connection: Connection, recipients: Iterable[Recipient]) -> None:
    """Record recipients; a recipient that is known already takes the new values."""
    rows = [{column.name: getattr(one, column.name) for column in _COLUMNS} for one in recipients]
    if not rows:
        return
    statement = insert(recipient)
    news = {name: statement.excluded[name] for name in rows[0] if name != "recipient_id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["recipient_id"], set_=news), rows)


def at(connection: Connection, business_date: date) -> list[Recipient]:
    """Return the recipients of a business date, by id."""
    alive = (recipient.c.valid_from <= business_date) & or_(recipient.c.valid_to.is_(None), recipient.c.valid_to > business_date)
    return [Recipient(**row._mapping) for row in connection.execute(select(*_COLUMNS).where(alive).order_by(recipient.c.recipient_id))]


def get(connection: Connection, recipient_id: str) -> Recipient | None:
    """Return one recipient."""
    row = connection.execute(select(*_COLUMNS).where(recipient.c.recipient_id == recipient_id)).one_or_none()
    return Recipient(**row._mapping) if row else None
