"""Tell that nothing can be looked at (the database is down, for example); what cannot be recorded then is kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lakehouse.alerts.dispatch import dispatch
from lakehouse.alerts.due import written
from lakehouse.alerts.kinds import KINDS, WATCH
from lakehouse.alerts.letter import News
from lakehouse.alerts.routes import Route
from lakehouse.alerts.scene import Scene
from lakehouse.ops.alerts import PLATFORM, Alert

PATIENCE = timedelta(minutes=3)
AGAIN = timedelta(minutes=5)
SEVERITY = KINDS[WATCH].severity


@dataclass
class Outage:
    """What the watcher remembers of a time without records: since when, and when each route was told or tried last."""

    since: datetime | None = None
    told: dict[str, datetime] = field(default_factory=dict)
    tried: dict[str, datetime] = field(default_factory=dict)

    def goes_on(self, scene: Scene, now: datetime) -> None:
        """Note that nothing could be looked at; tell it when it lasts, and again as often as the route says."""
        self.since = self.since or now
        if now - self.since < PATIENCE:
            return
        for route in _routes(scene):
            is_due = route.name not in self.told or self.told[route.name] + timedelta(hours=route.repeat_hours) <= now
            rests = route.name in self.tried and self.tried[route.name] + AGAIN > now
            if is_due and not rests:
                self.tried[route.name] = now
                if self._send(scene, route, "open" if route.name in self.told else "new", now):
                    self.told[route.name] = now

    def is_over(self, scene: Scene, now: datetime) -> None:
        """Note that there is something to look at again, and tell it once to whoever was told of the outage."""
        if self.since is None:
            return
        for route in _routes(scene):
            if route.name in self.told:
                self._send(scene, route, "closed", now)
        self.since = None
        self.told.clear()
        self.tried.clear()

    def _send(self, scene: Scene, route: Route, news: News, now: datetime) -> bool:
        since = self.since or now
        alert = Alert(0, WATCH, WATCH, SEVERITY, PLATFORM, None, None, {}, since, now, None, None, now if news == "closed" else None)
        return dispatch(scene, route, written(scene, route, PLATFORM, [(alert, news)], now)) is None


def _routes(scene: Scene) -> list[Route]:
    return [route for route in scene.routes_of(PLATFORM) if SEVERITY in route.severities]
