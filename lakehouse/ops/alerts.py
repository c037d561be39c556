"""Record and read alerts: what is wrong now, since when, whether somebody has seen it, and over which routes it was told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import alert, alert_notice

Severity = Literal["critical", "error", "warning"]
SEVERITIES: tuple[Severity, ...] = ("critical", "error", "warning")
PLATFORM = "platform"


@dataclass(frozen=True)
class Fact:
    """One thing that is wrong now; kind and subject name it, so that the same thing found again is the same alert.

    Attributes:
        kind: a kind of `lakehouse.alerts.kinds`.
        subject: the thing itself (a ticket's subject, a task, a disk), never a value of the data.
        severity: how soon somebody has to look.
        owner: who has to act: credit code of a department, or `platform`, the city's operators.
        resource: the resource it is about, if it is about one.
        business_date: the business date it is about, if it is about one.
        detail: numbers and names that help, such as the ticket's number or counts; no value of the data.
    """

    kind: str
    subject: str
    severity: Severity
    owner: str
    resource: str | None = None
    business_date: date | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """A fact on record; it is open until the fact is gone, and told again until somebody has seen it."""

    alert_id: int
    kind: str
    subject: str
    severity: Severity
    owner: str
    resource: str | None
    business_date: date | None
    detail: dict[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime
    seen_by: str | None
    seen_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True)
class Notice:
    """How an alert was told over one route: how often, when last, whether its end was told, and what hindered the last attempts."""

    alert_id: int
    route: str
    times_sent: int = 0
    sent_at: datetime | None = None
    closing_sent_at: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None
    failure: str | None = None


_COLUMNS = tuple(alert.c[one.name] for one in fields(Alert))
_NOTICE = tuple(alert_notice.c[one.name] for one in fields(Notice))
_CHANGING = ("severity", "owner", "resource", "business_date", "detail")


def observe(connection: Connection, facts: Iterable[Fact], now: datetime, unknown: Collection[str] = ()) -> None:
    """Record what is wrong now: open an alert for each new fact, keep the known ones, close those whose fact is gone.

    Alerts of the `unknown` kinds stay as they are: it could not be found out whether their facts are gone.
    """
    found = {(fact.kind, fact.subject): fact for fact in facts}
    known = {(one.kind, one.subject): one for one in find(connection, only_open=True)}
    for name, fact in found.items():
        if name not in known:
            row = asdict(fact) | {"first_seen_at": now, "last_seen_at": now}
            connection.execute(insert(alert).values(row).on_conflict_do_nothing())
        elif changed := {key: getattr(fact, key) for key in _CHANGING if getattr(fact, key) != getattr(known[name], key)}:
            connection.execute(update(alert).where(alert.c.alert_id == known[name].alert_id).values(changed))
    still = [one.alert_id for name, one in known.items() if name in found]
    gone = [one.alert_id for name, one in known.items() if name not in found and one.kind not in unknown]
    for ids, values in ((still, {"last_seen_at": now}), (gone, {"closed_at": now})):
        if ids:
            connection.execute(update(alert).where(alert.c.alert_id.in_(ids)).values(values))


def find(connection: Connection, *, only_open: bool) -> list[Alert]:
    """Return the open alerts, or all of them, the oldest first."""
    found = select(*_COLUMNS).order_by(alert.c.alert_id)
    if only_open:
        found = found.where(alert.c.closed_at.is_(None))
    return [Alert(**row._mapping) for row in connection.execute(found)]


def get(connection: Connection, alert_id: int) -> Alert | None:
    """Return one alert."""
    row = connection.execute(select(*_COLUMNS).where(alert.c.alert_id == alert_id)).one_or_none()
    return Alert(**row._mapping) if row else None


def ended_untold(connection: Connection) -> list[Alert]:
    """Return the closed alerts that were told over a route on which their end was not, the oldest first."""
    waiting = select(alert_notice.c.alert_id).where(alert_notice.c.times_sent > 0, alert_notice.c.closing_sent_at.is_(None))
    found = select(*_COLUMNS).where(alert.c.closed_at.is_not(None), alert.c.alert_id.in_(waiting))
    return [Alert(**row._mapping) for row in connection.execute(found.order_by(alert.c.alert_id))]


def notices(connection: Connection, alert_ids: Collection[int]) -> dict[tuple[int, str], Notice]:
    """Return how alerts were told, by alert and route."""
    found = select(*_NOTICE).where(alert_notice.c.alert_id.in_(list(alert_ids)))
    return {(row.alert_id, row.route): Notice(**row._mapping) for row in connection.execute(found)}


def see(connection: Connection, alert_id: int, by: str, now: datetime) -> None:
    """Record who has seen an alert first; it is told no more, only its end will be."""
    unseen = (alert.c.alert_id == alert_id) & alert.c.seen_at.is_(None)
    connection.execute(update(alert).where(unseen).values(seen_by=by, seen_at=now))


def record_sent(connection: Connection, route: str, opened: Collection[int], ended: Collection[int], now: datetime) -> None:
    """Record that a message of a route told of these alerts, and of the end of those."""
    told = {"sent_at": now, "times_sent": alert_notice.c.times_sent + 1}
    for ids, first, again in (
        (opened, {"sent_at": now, "times_sent": 1}, told),
        (ended, {"closing_sent_at": now}, {"closing_sent_at": now}),
    ):
        _record(connection, route, ids, first, again | {"failures": 0, "failed_at": None, "failure": None})


def record_failure(connection: Connection, route: str, alert_ids: Collection[int], now: datetime, failure: str) -> None:
    """Record that a message of a route about these alerts could not be delivered."""
    first: dict[str, Any] = {"failures": 1, "failed_at": now, "failure": failure}
    _record(connection, route, alert_ids, first, first | {"failures": alert_notice.c.failures + 1})


def _record(connection: Connection, route: str, ids: Collection[int], first: Mapping[str, Any], again: Mapping[str, Any]) -> None:
    for alert_id in ids:
        statement = insert(alert_notice).values(alert_id=alert_id, route=route, **first)
        connection.execute(statement.on_conflict_do_update(index_elements=["alert_id", "route"], set_=dict(again)))
