"""Check the machine and the instance for everything that is missing or would make a run fail."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4

import psutil

from infra.local import java, keys, lifecycle, minio, ports, postgres
from infra.spark import jars
from lakehouse.alerts.channels.target import load_target
from lakehouse.alerts.routes import FILE, load_routes
from lakehouse.backup.archive import file_sha256
from lakehouse.backup.last import LastBackup, last_backup
from lakehouse.config import Instance
from lakehouse.errors import LakehouseError
from lakehouse.objects import open_area
from lakehouse.ops import alerts, audit, connect
from lakehouse.upkeep import disk
from lakehouse.upkeep.last import last_upkeep

State = Literal["ok", "warning", "bad"]
LEAST_MEMORY_GIB = 4
OLDEST_BACKUP = timedelta(days=2)
VITAL_KEYS = ("hmac.key", "signing.key")
GIB = 2**30


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    name: str
    state: State
    detail: str


def examine(instance: Instance) -> list[Finding]:
    """Run all checks; a check that fails becomes a bad finding, and the others still run."""
    examinations: dict[str, Callable[[Instance], Finding]] = {
        "python": _python,
        "java": _java,
        "spark jars": _jars,
        "disk": _disk,
        "memory": _memory,
        "server user": _server_user,
        "ports": _ports,
        "store": _store,
        "keys": _keys,
        "backup": _backup,
        "audit": _audit,
        "alerts": _alerts,
        "upkeep": _upkeep,
    }
    findings = []
    for name, examination in examinations.items():
        try:
            findings.append(examination(instance))
        except LakehouseError as error:
            findings.append(Finding(name, "bad", str(error)))
    return findings


def _python(_instance: Instance) -> Finding:
    state: State = "ok" if sys.version_info[:2] == (3, 11) else "bad"
    return Finding("python", state, f"{platform.python_version()} (3.11 is needed)")


def _java(_instance: Instance) -> Finding:
    found = java.find()
    return Finding("java", "ok", f"{found.program}, version {found.major}")


def _jars(_instance: Instance) -> Finding:
    return Finding("spark jars", "ok", f"{len(jars.expected())} jars in {jars.ensure()}, checked")


def _disk(instance: Instance) -> Finding:
    free, last = disk.free_on(instance.home), last_upkeep(instance)
    told = f"{free.text()} for {instance.home} ({disk.LEAST_GIB} GiB needed)"
    if not free.runs_short:
        return Finding("disk", "ok", told)
    largest = "".join(f"; {one['area']} takes {one['bytes'] / GIB:.1f} GiB" for one in (last.areas[:3] if last else ()))
    fix = "make room: `huiliu upkeep`, shorter terms (docs/reference/upkeep.md), or a larger disk"
    return Finding("disk", "bad" if free.is_short else "warning", f"{told}{largest}: {fix}")


def _upkeep(instance: Instance) -> Finding:
    last = last_upkeep(instance)
    if last is None:
        return Finding("upkeep", "ok", "it follows the first published day")
    told = f"last {last.ended_at:%Y-%m-%d %H:%M} UTC, {len(last.done)} pieces done, {len(last.left)} left"
    if failed := [one["area"] for one in last.left if one["failed"]]:
        return Finding("upkeep", "warning", f"{told}; failed: {', '.join(dict.fromkeys(failed))}: `huiliu upkeep` says why")
    return Finding("upkeep", "ok", told)


def _memory(_instance: Instance) -> Finding:
    total = psutil.virtual_memory().total / GIB
    state: State = "ok" if total >= LEAST_MEMORY_GIB else "warning"
    return Finding("memory", state, f"{total:.0f} GiB in all ({LEAST_MEMORY_GIB} needed)")


def _server_user(_instance: Instance) -> Finding:
    if os.geteuid() != 0:
        return Finding("server user", "ok", "PostgreSQL runs as you")
    done = subprocess.run([*postgres.AS_ORDINARY_USER, "true"], capture_output=True, check=False)
    if done.returncode == 0:
        return Finding("server user", "ok", "root; PostgreSQL runs in a user namespace")
    return Finding("server user", "bad", "root may not create user namespaces on this machine: run as an ordinary user")


def _ports(instance: Instance) -> Finding:
    if not (instance.home / "instance.json").is_file():
        return Finding("ports", "ok", "chosen at the first start")
    health = lifecycle.health(instance)
    kept = instance.ports.model_dump()
    stopped = [name for name in health if set(health[name].programs.values()) <= {"STOPPED"}]
    taken = [f"{port}={kept[port]}" for name in stopped for port in ports.used_by(instance, name) if not ports.is_free(kept[port])]
    if taken:
        return Finding(
            "ports", "bad", f"in use by another program: {', '.join(taken)}; stop it or change {instance.home / 'instance.json'}"
        )
    return Finding("ports", "ok", ", ".join(f"{name}={port}" for name, port in kept.items()))


def _store(instance: Instance) -> Finding:
    if instance.has_own_store and not minio.is_ready(instance):
        return Finding("store", "warning", "minio does not run; `huiliu up` starts it")
    area = open_area(instance, "landing")
    path = f"_doctor/{uuid4().hex}"
    try:
        first, second = area.put_new(path, b"first"), area.put_new(path, b"second")
        kept = area.get(path)
    finally:
        area.delete([path])
    if (first, second, kept) == (True, False, b"first"):
        return Finding("store", "ok", f"{instance.store} creates an object only once")
    return Finding("store", "bad", f"{instance.store} does not support conditional creation: two writers could overwrite each other")


def _keys(instance: Instance) -> Finding:
    folder = instance.home / "keys"
    if not folder.is_dir():
        return Finding("keys", "ok", "made at the first start")
    readable = [path.name for path in sorted(folder.iterdir()) if path.name != keys.PUBLIC and path.stat().st_mode & 0o077]
    if readable:
        return Finding("keys", "bad", f"others may read {', '.join(readable)}: chmod 600 them in {folder}")
    if instance.home.stat().st_mode & 0o077:
        return Finding("keys", "bad", f"others may look into {instance.home}: chmod 700 it")
    return Finding("keys", "ok", f"{folder}, readable by their owner only")


def _backup(instance: Instance) -> Finding:
    key = instance.home / "keys" / "hmac.key"
    if not key.is_file():
        return Finding("backup", "ok", "nothing to back up yet")
    last = last_backup(instance)
    if last is None:
        return Finding(
            "backup", "warning", f"there is none, and losing {key} loses the identity of every person: `huiliu backup --to FOLDER`"
        )
    in_use = {name: file_sha256(key.with_name(name)) for name in VITAL_KEYS if key.with_name(name).is_file()}
    if changed := [name for name, sha256 in in_use.items() if last.keys.get(name) != sha256]:
        return Finding("backup", "bad", f"the last one, {last.archive}, does not hold {', '.join(changed)} as in use: `huiliu backup`")
    return Finding("backup", *_told(instance, last, datetime.now(UTC) - last.made_at))


def _told(instance: Instance, last: LastBackup, age: timedelta) -> tuple[State, str]:
    """Return what is to be said of a backup that holds the keys in use."""
    hours = int(age / timedelta(hours=1))
    told = f"{last.archive}, made {hours} hours ago" if hours < 48 else f"{last.archive}, made {age.days} days ago"
    if age > OLDEST_BACKUP:
        return "warning", f"{told}: make one every day, `huiliu backup`"
    if not last.archive.is_file():
        return "warning", f"{told}, is not there any more"
    if last.archive.is_relative_to(instance.home):
        return "warning", f"{told}, lies in the home it is to replace: `huiliu backup --to FOLDER`, best on another machine"
    return "ok", told


def _audit(instance: Instance) -> Finding:
    if not (instance.home / "instance.json").is_file():
        return Finding("audit", "ok", "begins with the first start")
    if not postgres.is_healthy(instance):
        return Finding("audit", "warning", "PostgreSQL does not run; `huiliu up` starts it")
    with connect(instance) as connection:
        broken, written = audit.first_break(connection), len(audit.entries(connection))
    if broken is not None:
        found = f"entry {broken} is missing or was altered: compare with a copy of the database"
        return Finding("audit", "bad", f"{found}; what follows it proves nothing")
    return Finding("audit", "ok", f"{written} entries, each with the hash of the one before")


def _alerts(instance: Instance) -> Finding:
    routes = load_routes(instance.city_folder)
    if not routes.routes:
        place = instance.city_folder / FILE
        return Finding("alerts", "warning", f"nobody is told: {place} declares no route; `huiliu alerts list` shows what is wrong")
    for channel in routes.channels.values():
        load_target(instance, channel.kind, channel.connection)
    failing = _failing_routes(instance) if postgres.is_healthy(instance) else ()
    if failing:
        return Finding("alerts", "warning", f"messages do not arrive over {', '.join(failing)}: `huiliu alerts list` says why")
    return Finding("alerts", "ok", f"{len(routes.routes)} routes; `huiliu alerts test` tries them")


def _failing_routes(instance: Instance) -> tuple[str, ...]:
    if not (instance.home / "instance.json").is_file():
        return ()
    with connect(instance) as connection:
        known = alerts.find(connection, only_open=True)
        notices = alerts.notices(connection, [one.alert_id for one in known]).values()
    return tuple(sorted({notice.route for notice in notices if notice.failures}))
