"""Open and close tasks about rows of a return, on behalf of the street or community that received them (ADR 0038).

A grid's workbook shows the name of such a row as long as the task is open. Tasks hold no value and no id of a person.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from lakehouse.city.calendar import WorkCalendar
from lakehouse.city.regions import RegionState, load_regions
from lakehouse.config import Instance
from lakehouse.declarations.policies import load_policies
from lakehouse.errors import ConfigError, DeliveryError, Problem, nearest_first, problems_text
from lakehouse.naming import LEVEL_LETTERS, recipient_id
from lakehouse.objects import open_area
from lakehouse.ops import audit, connect, days, tasks
from lakehouse.ops.tasks import RowTask
from lakehouse.returns import task_documents
from lakehouse.returns.day_entries import leaves
from lakehouse.returns.earlier import Earlier, load_earlier
from lakehouse.returns.model import Return, load_sound_returns
from lakehouse.returns.task_requests import OPENERS, Known, TaskRequest, problems_of_form, problems_of_return, problems_of_rows

ID_CHARACTERS = 12


@dataclass(frozen=True)
class Standing(RowTask):
    """A task with where it stands on the newest business date: open, closed, or over."""

    state: str = "open"


def find_tasks(instance: Instance, recipient: str | None = None, *, everything: bool = False) -> list[Standing]:
    """Return the tasks that are open on the newest business date, of one recipient or of all; with `everything` also those that ended."""
    with connect(instance) as connection:
        on, found = _business_date(connection), tasks.find(connection, recipient)
    told = [Standing(**vars(one), state=one.state_on(on)) for one in found]
    return [one for one in told if everything or one.state == "open"]


def open_tasks(instance: Instance, request: TaskRequest) -> list[RowTask]:
    """Open a task for each named row of a return that a street or community received, in the name of whoever runs this process.

    The next day that is closed shows what the tasks allow, and every day up to their last one. Either all are opened or none.

    Raises:
        ConfigError: the request breaks a limit; the message lists all problems.
        DeliveryError: nothing is published yet, or the opener's package is missing or altered.
    """
    folder = instance.settings.contracts
    returns, policies = load_sound_returns(folder / "returns")[0], load_policies(folder / "policies.yaml")
    with connect(instance) as connection:
        tasks.lock(connection)
        on = _business_date(connection)
        regions = load_regions(instance.city_folder).at(on)
        level = _level(request.recipient_id, regions)
        _refuse([*problems_of_form(request), *problems_of_return(request, level, returns, policies)])
        declared = returns[request.return_id]
        package = _newest_package(instance, connection, request.recipient_id)
        known = Known(regions, on, policies, tasks.open_on(connection, on), package)
        grids, problems = problems_of_rows(request, declared, known)
        _refuse(problems)
        last_day = WorkCalendar(instance.city.extra_holidays).add_working_days(on, request.days)
        before = Counter(one.row_key for one in tasks.find(connection, request.recipient_id))
        opened = _opened(request, (declared, level), {key: (grid, before[key]) for key, grid in grids.items()}, (on, last_day))
        task_documents.keep_opened(open_area(instance, "landing"), opened)
        tasks.record(connection, opened)
        for one in opened:
            audit.append(connection, one.opened_by, "open_task", f"task {one.task_id}", _told(one, on, one.reason))
    return opened


def close_tasks(instance: Instance, names: Iterable[str], reason: str) -> list[RowTask]:
    """Close open tasks, named by their ids or the beginnings of them; the next day that is closed hides again what they showed.

    Raises:
        ConfigError: no reason is given, or a name is of no open task; then none is closed.
    """
    if not reason.strip():
        raise ConfigError(Problem("--reason", "closing a task needs a reason.", "words that say why", "add --reason.").text())
    actor, now = audit.operator(), datetime.now(UTC)
    with connect(instance) as connection:
        tasks.lock(connection)
        on = _business_date(connection)
        closed = [
            replace(one, closed_on=on, closed_by=actor, closed_because=reason.strip(), closed_at=now)
            for one in _named(names, tasks.find(connection), on)
        ]
        task_documents.keep_closed(open_area(instance, "landing"), closed)
        tasks.record(connection, closed)
        for one in closed:
            audit.append(connection, actor, "close_task", f"task {one.task_id}", _told(one, on, reason.strip()))
    return closed


def _opened(request: TaskRequest, of: tuple[Return, str], rows: dict[str, tuple[str, int]], when: tuple[date, date]) -> list[RowTask]:
    """Return the new tasks; `rows` are, by row key, the grid of each row and how many tasks about it there were, which ids tell apart."""
    declared, level = of
    need, now = declared.levels[level].need, datetime.now(UTC)  # type: ignore[index]
    assert need is not None
    found = []
    for key, (grid, before) in rows.items():
        identity = "|".join((request.recipient_id, request.return_id, key, str(before)))
        task_id = hashlib.sha256(identity.encode()).hexdigest()[:ID_CHARACTERS]
        about = (request.recipient_id, request.return_id, key, grid, need)
        found.append(RowTask(task_id, *about, *when, audit.operator(), request.reason.strip(), now))
    return found


def _business_date(connection: Connection) -> date:
    newest = days.last_closed(connection)
    if newest is None:
        raise DeliveryError(Problem("tasks", "no day was closed yet, so nobody has received anything.", "", "run a day first.").text())
    return newest.business_date


def _level(recipient: str, regions: RegionState) -> str:
    """Return the level of a recipient that may open tasks.

    Raises:
        ConfigError: it is no street or community of the city.
    """
    known = {recipient_id(level, region.code): level for level in OPENERS for region in regions.of_level(level)}
    if recipient not in known:
        letters = " or ".join(f"{LEVEL_LETTERS[level]}-… ({level})" for level in OPENERS)
        allowed = f"{nearest_first(recipient, list(known))}; {letters}"
        raise ConfigError(Problem(f"recipient {recipient}", "it is no street or community of the city.", allowed, "name one.").text())
    return known[recipient]


def _newest_package(instance: Instance, connection: Connection, recipient: str) -> Earlier | None:
    newest = days.last_published(connection)
    if newest is None:
        raise DeliveryError(Problem("tasks", "nothing is published yet.", "", "publish a day first.").text())
    area, when = open_area(instance, "exchange"), (newest.business_date, newest.issue)
    return load_earlier(area, recipient, when, leaves(area, *when).manifests)


def _named(names: Iterable[str], known: list[RowTask], on: date) -> list[RowTask]:
    """Return the open tasks of these ids, or beginnings of ids, each once."""
    found: dict[str, RowTask] = {}
    problems = []
    for name in names:
        fitting = [one for one in known if name and one.task_id.startswith(name)]
        still = [one for one in fitting if one.state_on(on) == "open"]
        if len(fitting) == len(still) == 1:
            found[still[0].task_id] = still[0]
            continue
        text = "there is no such task." if not fitting else f"{len(fitting)} tasks begin so."
        if len(fitting) == 1:
            text = f"it is {fitting[0].state_on(on)} already; its last day was {fitting[0].last_day}."
        open_ids = [one.task_id for one in known if one.state_on(on) == "open"]
        allowed = nearest_first(name, open_ids) if open_ids else "no task is open"
        problems.append(Problem(f"task {name}", text, allowed, "see `huiliu tasks list`."))
    _refuse(problems)
    return list(found.values())


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ConfigError(problems_text(problems))


def _told(task: RowTask, on: date, reason: str) -> dict[str, str]:
    facts = {name: getattr(task, name) for name in ("recipient_id", "return_id", "grid_code", "need_id")}
    return facts | {"business_date": on.isoformat(), "last_day": task.last_day.isoformat(), "reason": reason}
