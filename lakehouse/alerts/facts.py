"""Find what is wrong now: open tickets, failed runs and tasks, a day that is not published by its hour, broken invariants, a full disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Connection

from lakehouse.alerts.kinds import DISK, INVARIANT, KINDS, OF_TICKETS, SCHEDULER, TASK, UNPUBLISHED
from lakehouse.alerts.scene import Scene
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ingest import gaps
from lakehouse.ops import days, facts, ingest_runs, tickets
from lakehouse.ops.alerts import PLATFORM, Fact
from lakehouse.orchestrator import Orchestrator
from lakehouse.steps import DAY_DAGS
from lakehouse.upkeep import disk

MOST_DATES = 7
COUNTED = ("beyond", "behind", "rows", "files", "open", "closing")
"""The counts that tickets keep in their details."""


def gather(connection: Connection, scene: Scene, now: datetime) -> list[Fact]:
    """Return what the operational records and the disk say is wrong now, each thing once."""
    found = [
        *_of_tickets(connection, scene),
        *_of_runs(connection),
        *_of_the_newest_day(connection),
        *_of_deadlines(connection, scene, now),
        *_of_the_disk(scene.instance.home),
    ]
    return list({(fact.kind, fact.subject): fact for fact in reversed(found)}.values())[::-1]


def days_at_work(connection: Connection) -> list[date]:
    """Return the dates whose tasks may matter now: the last published one, and the first begun since; days are published in order."""
    published = days.last_published(connection)
    last = published.business_date if published else None
    return [*([last] if last else []), *ingest_runs.begun_before(connection, date.max, last)[:MOST_DATES]]


def of_tasks(orchestrator: Orchestrator, dates: Iterable[date]) -> tuple[list[Fact], frozenset[str]]:
    """Return the failed tasks of some dates' DAGs of the day, and the kinds of which nothing is known where the scheduler is silent."""
    try:
        return [fact for day in dates for fact in _failed_tasks(orchestrator, day)], frozenset()
    except (ConfigError, ValueError, KeyError):  # it answers nothing, or what is no answer of a scheduler
        return [Fact(SCHEDULER, SCHEDULER, KINDS[SCHEDULER].severity, PLATFORM)], frozenset({TASK})


def overdue(instance: Instance, published: date | None, now: datetime) -> list[date]:
    """Return the business dates after the last published one that should have been published by now."""
    hours = instance.city.hours_to_publish
    if hours is None:
        return []
    first = date.fromisoformat(instance.city.first_business_date)
    day, found = max(first, published + timedelta(days=1)) if published else first, []
    while _deadline(instance, day, hours) <= now:
        found.append(day)
        day += timedelta(days=1)
    return found


def _deadline(instance: Instance, day: date, hours: int) -> datetime:
    return datetime.combine(day, time(), instance.timezone) + timedelta(hours=hours)


def _of_tickets(connection: Connection, scene: Scene) -> Iterator[Fact]:
    for ticket in tickets.find(connection, only_open=True):
        owner = scene.owner(ticket.kind, ticket.resource, ticket.provider, ticket.business_date)
        counts = {name: ticket.detail[name] for name in COUNTED if isinstance(ticket.detail.get(name), int)}
        rules = {"rules": dict(ticket.detail["rules"])} if ticket.detail.get("rules") else {}
        detail = {"ticket": ticket.ticket_id, **counts, **rules}
        severity = OF_TICKETS[ticket.kind].severity
        yield Fact(ticket.kind, ticket.subject, severity, owner, ticket.resource, ticket.business_date, detail)


def _of_runs(connection: Connection) -> Iterator[Fact]:
    """Yield the failed ingest runs of days that are not closed yet; when the day closes, each becomes a ticket of the same name."""
    closed = days.last_closed(connection)
    for day in ingest_runs.begun_before(connection, date.max, closed.business_date if closed else None):
        for run in ingest_runs.of_day(connection, day):
            if run.state == "failed":
                gap = {"resource": run.resource, "provider": None, "kind": "failed", "due_on": day.isoformat()}
                yield Fact("failed", gaps.subject(gap), KINDS["failed"].severity, PLATFORM, run.resource, day)


def _of_the_newest_day(connection: Connection) -> Iterator[Fact]:
    newest = days.last_closed(connection)
    if newest is None:
        return
    for one in facts.get(connection, newest.business_date, "invariants") or ():
        if not one["ok"]:
            subject = f"{one['id']}|{newest.business_date}"
            yield Fact(INVARIANT, subject, KINDS[INVARIANT].severity, PLATFORM, None, newest.business_date, {"invariant": one["id"]})


def _of_deadlines(connection: Connection, scene: Scene, now: datetime) -> Iterator[Fact]:
    published = days.last_published(connection)
    late = overdue(scene.instance, published.business_date if published else None, now)
    if late:
        yield Fact(UNPUBLISHED, UNPUBLISHED, KINDS[UNPUBLISHED].severity, PLATFORM, None, late[0], {"days": len(late)})


def _of_the_disk(home: Path) -> Iterator[Fact]:
    if disk.free_on(home).is_short:
        yield Fact(DISK, DISK, KINDS[DISK].severity, PLATFORM, detail={"least_gib": disk.LEAST_GIB})


def _failed_tasks(orchestrator: Orchestrator, day: date) -> Iterator[Fact]:
    newest = {run.dag_id: run for run in orchestrator.runs(day) if run.dag_id in DAY_DAGS}
    failed = [run for run in newest.values() if run.state == "failed"]
    for task in orchestrator.tasks(*failed):
        if task.state == "failed":
            subject = f"{task.dag_id}.{task.task_id}|{day}"
            yield Fact(TASK, subject, KINDS[TASK].severity, PLATFORM, None, day, {"task": f"{task.dag_id}.{task.task_id}"})
