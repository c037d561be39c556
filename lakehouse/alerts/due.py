"""Decide which messages are due now: alerts of one owner and route go together, are repeated until seen, and wait where they may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lakehouse.alerts.letter import Item, Letter, News, ordered
from lakehouse.alerts.routes import Route
from lakehouse.alerts.scene import Scene
from lakehouse.ops.alerts import PLATFORM, Alert, Notice

Notices = Mapping[tuple[int, str], Notice]
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class _Group:
    """The alerts of one owner on one route, by what is to be said of them."""

    route: Route
    new: Sequence[Alert]
    told: Sequence[Alert]
    ended: Sequence[Alert]
    notices: Notices

    def notice(self, alert: Alert) -> Notice:
        """Return how an alert was told over the route so far."""
        return _notice(self.notices, self.route, alert)


def letters(scene: Scene, alerts: Iterable[Alert], notices: Notices, now: datetime) -> list[tuple[Route, Letter]]:
    """Return the messages that are due, each with its route."""
    by_owner: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_owner.setdefault(alert.owner, []).append(alert)
    found = []
    for owner, theirs in by_owner.items():
        for route in scene.routes_of(owner):
            group = _group(scene, route, theirs, notices, now)
            if items := _items(group, now):
                found.append((route, written(scene, route, owner, items, now)))
    return found


def written(scene: Scene, route: Route, owner: str, items: Iterable[tuple[Alert, News]], now: datetime) -> Letter:
    """Return a message with the names that its readers know."""
    city = scene.instance.city
    name = "" if owner == PLATFORM else scene.names.get(owner, owner)
    told = ordered([_item(scene, alert, news) for alert, news in items])
    return Letter((city.code, city.name, city.name_en), route.name, owner, name, now.astimezone(scene.instance.timezone), told)


def _item(scene: Scene, alert: Alert, news: News) -> Item:
    contract = scene.contracts.get(alert.resource or "")
    return Item(alert, news, contract.name_zh if contract else "", contract.name_en if contract else "")


def _notice(notices: Notices, route: Route, alert: Alert) -> Notice:
    return notices.get((alert.alert_id, route.name), Notice(alert.alert_id, route.name))


def _group(scene: Scene, route: Route, alerts: Sequence[Alert], notices: Notices, now: datetime) -> _Group:
    new: list[Alert] = []
    told: list[Alert] = []
    ended: list[Alert] = []
    for alert in alerts:
        notice = _notice(notices, route, alert)
        if alert.severity not in route.severities or scene.waits(route, alert, now):
            continue
        if alert.closed_at is not None:
            ended += [alert] if notice.times_sent and notice.closing_sent_at is None else []
        elif alert.seen_at is None:
            (told if notice.times_sent else new).append(alert)
    return _Group(route, new, told, ended, notices)


def _items(group: _Group, now: datetime) -> list[tuple[Alert, News]]:
    """Return what is said now; nothing while alerts are gathered, or while the channel rests after failures."""
    gathered, repeated = timedelta(minutes=group.route.group_minutes), timedelta(hours=group.route.repeat_hours)
    if _rests(group, now):
        return []
    new = [alert.severity == "critical" or alert.first_seen_at + gathered <= now for alert in group.new]
    again = [(group.notice(alert).sent_at or now) + repeated <= now for alert in group.told]
    ended = [(alert.closed_at or now) + gathered <= now for alert in group.ended]
    if not any((*new, *again, *ended)):
        return []
    return list(_said(group, repeat=any(again)))


def _said(group: _Group, *, repeat: bool) -> Iterator[tuple[Alert, News]]:
    yield from ((alert, "new") for alert in group.new)
    yield from ((alert, "open") for alert in group.told if repeat)
    yield from ((alert, "closed") for alert in group.ended)


def _rests(group: _Group, now: datetime) -> bool:
    """Return whether the last attempts failed and the next one is not due: after one minute, two, four, at most a quarter of an hour."""
    failed = [notice for alert in (*group.new, *group.told, *group.ended) if (notice := group.notice(alert)).failed_at]
    return any((notice.failed_at or now) + _pause(notice.failures) > now for notice in failed)


def _pause(failures: int) -> timedelta:
    return min(timedelta(minutes=2 ** min(failures - 1, 6)), LONGEST_PAUSE)
