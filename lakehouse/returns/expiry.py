"""Packages whose term has ended: what no recipient may keep any longer, the exchange does not keep either (ADR 0036).

A day's packages of one level stand and go together, at the end of the longest term of the returns that this level receives. Never removed
are the packages of the last published day, a payload that any package still refers to, and what lies beside the day entries: the chain of
days, their inputs and their records. Two marks beside the day entry say what has become of it: `expired.<level>` is put before anything is
removed, `removed.<level>` once nothing of it is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from lakehouse.naming import DEPARTMENT, published_days_prefix, recipient_folder, recipient_prefix
from lakehouse.objects import Area, StoredObject
from lakehouse.returns.day_entries import Leaves, leaves
from lakehouse.returns.manifest import Document

EXPIRED, REMOVED, ALL = "expired", "removed", "all"
REASON = "packages of that time are no longer kept"


@dataclass(frozen=True)
class Expired:
    """What has expired at a level (`department` for handlers): the days, and the objects to remove."""

    level: str
    days: tuple[date, ...]
    objects: tuple[StoredObject, ...]


@dataclass
class _Days:
    """The published days: the issues of each, and the marks beside them by day."""

    issues: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    marks: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))

    def kept_at(self, level: str) -> list[date]:
        """Return the days whose packages of a level are not removed."""
        return [day for day in sorted(self.issues) if not self.marks[day] & {f"{REMOVED}.{level}", f"{REMOVED}.{ALL}"}]


def find(area: Area, on: date, only: str | None = None) -> list[Expired]:
    """Return what has expired by a date, level by level; with `only` at one level."""
    days = _days(area)
    due: dict[str, list[date]] = defaultdict(list)
    for day in sorted(days.issues)[:-1]:  # the last published one stays
        if f"{REMOVED}.{ALL}" in days.marks[day]:
            continue
        below = leaves(area, day, max(days.issues[day]))
        for level in _expired(below, day, on):
            if f"{REMOVED}.{level}" not in days.marks[day] and only in (None, level):
                due[level].append(day)
    return [_at_level(area, days, level, some) for level, some in sorted(due.items())]


def remove(area: Area, expired: Expired) -> None:
    """Remove what has expired; what was cut short is done again by the next one."""
    for day in expired.days:
        area.put(_mark(day, EXPIRED, expired.level), b"")
    area.delete(one.path for one in expired.objects)
    for folder in {one.path.rpartition("/")[0] for one in expired.objects}:
        if not folder.endswith("/content"):
            area.delete_folder(folder)
    days = _days(area)
    for day in expired.days:
        area.put(_mark(day, REMOVED, expired.level), b"")
        gone = {name.partition(".")[2] for name in days.marks[day] if name.startswith(f"{REMOVED}.")} | {expired.level}
        if _levels(leaves(area, day, max(days.issues[day]))) <= gone:
            area.put(_mark(day, REMOVED, ALL), b"")


def expired_levels(area: Area, day: date) -> frozenset[str]:
    """Return the levels whose packages of a day are no longer kept."""
    names = [one.path.rpartition("/")[2].partition(".") for one in area.list(published_days_prefix(day))]
    return frozenset(level for name, _, level in names if name == EXPIRED)


def _expired(below: Leaves, day: date, on: date) -> list[str]:
    terms = _terms(below.returns)
    return sorted(level for level in _levels(below) if level in terms and day + timedelta(days=terms[level]) <= on)


def _terms(returns: Mapping[str, Document]) -> dict[str, int]:
    """Return the shortest term of the returns of each level, in days, as manifests tell it; a day without declarations kept has none."""
    found: dict[str, int] = {}
    for declared in returns.values():
        for level in [*declared["levels"], *([DEPARTMENT] if declared.get("handlers") else [])]:
            found[level] = min(found.get(level, declared["retentionDays"]), declared["retentionDays"])
    return found


def _levels(below: Leaves) -> set[str]:
    return {recipient_folder(recipient) for recipient in below.manifests}


def _at_level(area: Area, days: _Days, level: str, due: Iterable[date]) -> Expired:
    """Return the packages of these days, and the payloads that no package refers to which is still kept."""
    gone = set(due)
    folders, candidates, referred = set[str](), set[str](), set[str]()
    for day in days.kept_at(level):
        for issue in days.issues[day]:
            paths, recipients = _payloads(leaves(area, day, issue), level)
            if day in gone:
                candidates |= paths
                folders |= {f"{recipient_prefix(recipient)}/{day.isoformat()}/" for recipient in recipients}
            else:
                referred |= paths
    payloads = candidates - referred
    found = [one for one in area.list(level) if one.path in payloads or _folder(one.path) in folders]
    return Expired(level, tuple(sorted(gone)), tuple(found))


def _payloads(below: Leaves, level: str) -> tuple[set[str], set[str]]:
    recipients = {one for one in below.manifests if recipient_folder(one) == level}
    paths = {f"{recipient_prefix(one)}/{path}" for one in recipients for path in below.payloads.get(one, ())}
    return paths, recipients


def _folder(path: str) -> str:
    """Return the folder of a day that a path of a package lies in (`<level>/<recipient>/<date>/`)."""
    return "/".join(path.split("/")[:3]) + "/"


def _days(area: Area) -> _Days:
    found = _Days()
    for one in area.list(published_days_prefix()):
        _, day, name = one.path.rsplit("/", 2)
        stem, _, suffix = name.partition(".")
        if stem.isdigit() and suffix == "json":
            found.issues[date.fromisoformat(day)].append(int(stem))
        elif stem in (EXPIRED, REMOVED):
            found.marks[date.fromisoformat(day)].add(name)
    return found


def _mark(day: date, what: str, level: str) -> str:
    return f"{published_days_prefix(day)}/{what}.{level}"
