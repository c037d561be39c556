"""One look at what is wrong: record it, and send the messages that are due."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lakehouse.alerts import due, facts
from lakehouse.alerts.dispatch import dispatch
from lakehouse.alerts.letter import Letter
from lakehouse.alerts.routes import Route
from lakehouse.alerts.scene import Scene
from lakehouse.config import Instance
from lakehouse.ops import alerts, connect
from lakehouse.orchestrator import Orchestrator


@dataclass(frozen=True)
class Sent:
    """One message and what became of it: whose alerts it tells over which route, how many, and what hindered it, if anything did."""

    route: str
    owner: str
    alerts: int
    failure: str | None = None


def look(scene: Scene, now: datetime, orchestrator: Orchestrator) -> list[Sent]:
    """Record what is wrong now and send what is due; a channel that fails is recorded and tried again in a later round.

    Raises:
        ConfigError: the operational database does not answer.
    """
    with _alone(scene.instance):
        with connect(scene.instance) as connection:
            dates = facts.days_at_work(connection)
        failed, unknown = facts.of_tasks(orchestrator, dates)
        with connect(scene.instance) as connection:
            alerts.observe(connection, [*facts.gather(connection, scene, now), *failed], now, unknown)
            known = [*alerts.find(connection, only_open=True), *alerts.ended_untold(connection)]
            notices = alerts.notices(connection, [one.alert_id for one in known])
        return list(_send(scene, due.letters(scene, known, notices, now), now))


def _send(scene: Scene, letters: list[tuple[Route, Letter]], now: datetime) -> Iterator[Sent]:
    """Send messages and record each by itself; what a failed channel has still to take waits for the next round."""
    down: set[str] = set()
    for route, letter in letters:
        if route.channel in down:
            continue
        failure = dispatch(scene, route, letter)
        with connect(scene.instance) as connection:
            _record(connection, letter, now, failure)
        down |= {route.channel} if failure else set()
        yield Sent(route.name, letter.owner, len(letter.items), failure)


def _record(connection: Connection, letter: Letter, now: datetime, failure: str | None) -> None:
    opened = [item.alert.alert_id for item in letter.items if item.news != "closed"]
    ended = [item.alert.alert_id for item in letter.items if item.news == "closed"]
    if failure:
        alerts.record_failure(connection, letter.route, [*opened, *ended], now, failure)
    else:
        alerts.record_sent(connection, letter.route, opened, ended, now)


@contextmanager
def _alone(instance: Instance) -> Iterator[None]:
    """Hold the lock of the alerts: of two rounds at once each would send the same messages."""
    with (instance.folder("run") / "alerts.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
