"""See what is wrong and who was told, note that somebody has seen it, and send or try messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lakehouse.alerts import rounds, scene, watch
from lakehouse.alerts.dispatch import dispatch
from lakehouse.alerts.due import written
from lakehouse.alerts.kinds import KINDS
from lakehouse.alerts.rounds import Sent
from lakehouse.alerts.routes import FILE
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.ops import alerts, audit, connect
from lakehouse.ops.alerts import PLATFORM, Alert, Notice
from lakehouse.orchestrator import Orchestrator


@dataclass(frozen=True)
class Listed:
    """An alert as lists show it: what it is called, whose it is, and how it was told over each route."""

    alert: Alert
    what_zh: str
    what_en: str
    owner_name: str
    notices: tuple[Notice, ...]

    @property
    def state(self) -> str:
        """Return `closed`, `seen by NAME` or `open`."""
        if self.alert.closed_at:
            return "closed"
        return f"seen by {self.alert.seen_by}" if self.alert.seen_by else "open"


def find_alerts(instance: Instance, *, only_open: bool) -> list[Listed]:
    """Return the alerts that the watcher found, the oldest first."""
    with connect(instance) as connection:
        found = alerts.find(connection, only_open=only_open)
        notices = alerts.notices(connection, [one.alert_id for one in found])
    names = scene.load_scene(instance).names
    return [
        Listed(
            one,
            KINDS[one.kind].zh,
            KINDS[one.kind].en,
            "" if one.owner == PLATFORM else names.get(one.owner, ""),
            tuple(notice for (alert_id, _), notice in sorted(notices.items()) if alert_id == one.alert_id),
        )
        for one in found
    ]


def asleep_since(instance: Instance) -> str:
    """Return in words since when nobody looks, because the watcher does not run or cannot look; empty while it does."""
    if watch.is_awake(instance, datetime.now(UTC)):
        return ""
    last = watch.looked_at(instance)
    return f"nobody has looked since {last:%Y-%m-%d %H:%M} UTC" if last else "nobody has looked yet"


def see_alerts(instance: Instance, alert_ids: Sequence[int]) -> None:
    """Note that whoever runs this process has seen alerts: they are told no more, only their end will be.

    Raises:
        ConfigError: there is no such open alert; then none is noted.
    """
    with connect(instance) as connection:
        is_open = {one.alert_id for one in alerts.find(connection, only_open=True)}
        if wrong := [number for number in alert_ids if number not in is_open]:
            found = f"there is no such open alert: {', '.join(map(str, wrong))}."
            raise ConfigError(Problem("huiliu alerts seen", found, "", "see `huiliu alerts list`.").text())
        for number in alert_ids:
            alerts.see(connection, number, audit.operator(), datetime.now(UTC))


def send_due(instance: Instance) -> list[Sent]:
    """Look at what is wrong now and send the messages that are due, as the watcher does every minute."""
    orchestrator = Orchestrator(instance, watch.SCHEDULER_PATIENCE_SECONDS)
    return rounds.look(scene.load_scene(instance), datetime.now(UTC), orchestrator)


def try_routes(instance: Instance, name: str = "") -> list[Sent]:
    """Send a trial message over every route, or over one, and return what became of each.

    Raises:
        ConfigError: there is no such route, or none at all.
    """
    known = scene.load_scene(instance)
    declared = [route.name for route in known.routes.routes]
    if not declared or (name and name not in declared):
        where = str(instance.city_folder / FILE)
        found = f"there is no route {name!r}." if declared else "no route is declared, so nobody is told."
        raise ConfigError(Problem(where, found, nearest_first(name, declared), "declare one (docs/reference/alerts.md).").text())
    tried = [route for route in known.routes.routes if name in ("", route.name)]
    now = datetime.now(UTC)
    letters = [(route, replace(written(known, route, PLATFORM, (), now), is_trial=True)) for route in tried]
    return [Sent(route.name, letter.owner, 0, dispatch(known, route, letter)) for route, letter in letters]
