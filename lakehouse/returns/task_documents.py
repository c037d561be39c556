"""The documents of tasks about rows: what was opened and what closed it, kept below the landing root before anything follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date, datetime

from sqlalchemy import Connection

from lakehouse.naming import TASKS, task_path
from lakehouse.objects import Area
from lakehouse.ops import tasks
from lakehouse.ops.tasks import CLOSING, RowTask
from lakehouse.returns.manifest import Document, canonical

DATES, TIMES = ("opened_on", "last_day", "closed_on"), ("opened_at", "closed_at")


def keep_opened(area: Area, opened: Iterable[RowTask]) -> None:
    """Write a document for each task that is opened."""
    for one in opened:
        area.put_new(task_path(one.task_id, "opened"), canonical(as_document(one, [name for name in asdict(one) if name not in CLOSING])))


def keep_closed(area: Area, closed: Iterable[RowTask]) -> None:
    """Write a document for each task that is closed."""
    for one in closed:
        area.put_new(task_path(one.task_id, "closed"), canonical(as_document(one, CLOSING)))


def recall(area: Area) -> list[RowTask]:
    """Return all tasks, from their documents."""
    found = {path: json.loads(area.get(path)) for path in sorted(one.path for one in area.list(TASKS))}
    opened = [RowTask(**from_document(document)) for path, document in found.items() if path.endswith("/opened.json")]
    return [replace(one, **from_document(found.get(task_path(one.task_id, "closed"), {}))) for one in opened]


def restore(connection: Connection, area: Area) -> int:
    """Record the tasks that the database lacks, or does not know to be closed; return how many were not known."""
    return tasks.record(connection, recall(area))


def as_document(task: RowTask, names: Iterable[str]) -> Document:
    """Return these facts of a task as a document holds them."""
    facts = asdict(task)
    return {name: facts[name].isoformat() if name in (*DATES, *TIMES) else facts[name] for name in names}


def from_document(document: Document) -> Document:
    """Return the facts in a document, with their dates and times."""
    dates = {name: date.fromisoformat(document[name]) for name in DATES if name in document}
    return {**document, **dates, **{name: datetime.fromisoformat(document[name]) for name in TIMES if name in document}}
