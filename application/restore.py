"""Restore an instance from a backup, then bring its database forward to what the store holds.

The order matters: the archive is checked first; keys come before the servers that read them; the store must hold what the database says is
published; the database is migrated before anything is recorded in it. What came after the backup is found again last.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection

from application.backup import SCHEMAS
from application.rebuild import Rebuilt, rebuild
from infra.local import dumps, keys, lifecycle
from lakehouse import ops
from lakehouse.backup.archive import Archive
from lakehouse.backup.manifest import DATABASES, KEYS, STATE, PublishedDay
from lakehouse.config import Instance
from lakehouse.connections import OPERATIONAL, connection_url
from lakehouse.errors import ConfigError, DeliveryError, Problem
from lakehouse.naming import day_entry_path
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, connect, database, days
from lakehouse.returns.manifest import sha256

Say = Callable[[str], None]
MAY_RUN = ("postgres", "minio")
KEPT = {"postgres.password": "postgres", "minio.client": "minio"}
"""Passwords that a server has taken over into its own folder: where that stands, they stay."""


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Attributes:
        made_at: the time of the backup.
        databases: the databases that were put back.
        keys_replaced: the keys that differed and were put aside.
        rebuilt: the batches and published days found again in the store.
        run_again: the day to run again, because part of its record came after the backup; None: nothing is missing.
    """

    made_at: datetime
    databases: tuple[str, ...]
    keys_replaced: tuple[str, ...]
    rebuilt: Rebuilt
    run_again: date | None


def restore(instance: Instance, path: Path, *, replace: bool, passphrase: str | None = None, say: Say = lambda _line: None) -> Restored:
    """Restore an instance from an archive; PostgreSQL runs afterwards, everything else is started by `huiliu up`.

    Args:
        instance: the instance, best without anything in its home but the store.
        path: the archive.
        replace: whether services that run may be stopped, and what stands may be replaced.
        passphrase: what the archive is sealed with.
        say: is told each step.

    Raises:
        ConfigError: the archive is damaged or of another city, the instance runs or is not empty, or PostgreSQL does not answer.
        DeliveryError: the store lacks what was published before the backup.
    """
    archive = Archive(path, passphrase)
    say(f"1. the archive of {archive.manifest.facts.made_at:%Y-%m-%d %H:%M} UTC is whole: {len(archive.manifest.parts)} parts")
    _refuse_unfit(instance, archive, replace=replace)
    if lifecycle.running(instance, besides=()):
        lifecycle.down(instance, (), say)
    say("2. nothing of the instance runs")
    replaced = _put_keys(instance, archive)
    say(f"3. keys are in place, {len(replaced)} replaced")
    _start(instance, archive, say)
    _refuse_rows(instance, replace=replace)
    _refuse_older_store(instance, archive.manifest.facts.newest_day)
    say("4. PostgreSQL runs, and the store holds what was published before the backup")
    loaded = _load(instance, archive)
    ops.migrate(instance)
    say(f"5. databases are put back and migrated: {', '.join(loaded)}")
    rebuilt = rebuild(instance)
    with connect(instance) as connection:
        told = {"made_at": archive.manifest.facts.made_at.isoformat(), "batches": rebuilt.batches, "days": rebuilt.days}
        audit.append(connection, audit.operator(), "restore", path.name, told)
        again = _unfinished(connection)
    say(f"6. found again in the store: {rebuilt.batches} batches; all {rebuilt.days} published days are recorded")
    return Restored(archive.manifest.facts.made_at, loaded, replaced, rebuilt, again)


def _refuse_unfit(instance: Instance, archive: Archive, *, replace: bool) -> None:
    """Refuse what can be refused before anything is changed."""
    facts, problems = archive.manifest.facts, []
    if facts.city != instance.city.code:
        problems.append(
            Problem("HUILIU_CITY", f"the backup is of city {facts.city}.", facts.city, "set HUILIU_CITY, or take another archive.")
        )
    if facts.schema_version not in database.known_versions():
        found = f"the backup was made by a newer version (schema {facts.schema_version})."
        problems.append(Problem("schema version", found, database.known_versions()[0], "install that version, then restore."))
    if not replace:
        fix = "stop with `huiliu down`, or add --replace, which stops all services."
        if programs := lifecycle.running(instance, besides=MAY_RUN):
            problems.append(Problem(str(instance.home), f"the instance runs ({', '.join(programs)}).", "", fix))
        if differing := _differing(instance, archive):
            found = f"the instance has other keys: {', '.join(differing)}."
            problems.append(
                Problem(str(instance.home / "keys"), found, "", "choose another HUILIU_HOME, or add --replace: it puts them aside.")
            )
    if problems:
        raise ConfigError("\n".join(problem.text() for problem in problems))


def _refuse_rows(instance: Instance, *, replace: bool) -> None:
    if replace or not dumps.has_tables(connection_url(instance, OPERATIONAL), SCHEMAS[OPERATIONAL]):
        return
    with connect(instance) as connection:
        empty = database.is_empty(connection)
    if not empty:
        found = "it has records, which would be lost."
        fix = "make a backup of what stands, then add --replace."
        raise ConfigError(Problem("operational database", found, "an empty one", fix).text())


def _refuse_older_store(instance: Instance, newest: PublishedDay | None) -> None:
    if newest is None:
        return
    try:
        stored = sha256(open_area(instance, "exchange").get(day_entry_path(newest.business_date, newest.issue)))
    except FileNotFoundError:
        stored = ""
    if stored != newest.entry_sha256:
        found = f"it lacks business day {newest.business_date}, issue {newest.issue}, as it was published before the backup."
        fix = "bring the store back first (landing, lake and exchange), from a copy made after the backup; check HUILIU_STORE."
        raise DeliveryError(Problem(f"exchange area of {instance.store}", found, "", fix).text())


def _differing(instance: Instance, archive: Archive) -> list[str]:
    """Return the keys that stand and differ from those in the archive; passwords that a server has taken over do not count."""
    found = []
    for name in archive.names(KEYS):
        path = instance.home / name
        taken_over = path.name in KEPT and (instance.home / KEPT[path.name]).is_dir()
        if path.is_file() and not taken_over and path.read_bytes() != archive.content(name):
            found.append(path.name)
    return found


def _put_keys(instance: Instance, archive: Archive) -> tuple[str, ...]:
    """Write the keys, and the ports where none are chosen; a key that differs is put aside. Return the names of those."""
    folder, differing = instance.folder("keys"), _differing(instance, archive)
    folder.chmod(0o700)
    if differing:
        aside = Path(tempfile.mkdtemp(dir=folder, prefix=f"replaced-{datetime.now(UTC):%Y%m%d}-"))
        for name in differing:
            (folder / name).rename(aside / name)
    for name in [*archive.names(KEYS), *archive.names(STATE)]:
        path = instance.home / name
        if not path.exists():
            scratch = path.with_name(f".{path.name}.restored")
            scratch.touch(mode=0o600)
            archive.extract(name, scratch)
            scratch.chmod(0o644 if path.name == keys.PUBLIC else 0o600)
            scratch.rename(path)
    return tuple(differing)


def _start(instance: Instance, archive: Archive, say: Say) -> None:
    """Start the servers that the instance needs for its databases and its store, unless they are not its own."""
    own = OPERATIONAL not in instance.settings.connections or len(archive.names(DATABASES)) > 1
    wanted = [name for name, needed in (("postgres", own), ("minio", instance.has_own_store)) if needed]
    if wanted:
        lifecycle.up(instance, wanted, lifecycle.Hooks(lambda _instance: None, lambda _instance: None), say)


def _load(instance: Instance, archive: Archive) -> tuple[str, ...]:
    loaded = []
    with tempfile.TemporaryDirectory(dir=instance.folder("run"), prefix="restore-") as scratch:
        for name, schema in SCHEMAS.items():
            part = f"{DATABASES}{name}.dump"
            if archive.names(part):
                archive.extract(part, Path(scratch) / f"{name}.dump")
                dumps.load(connection_url(instance, name), schema, Path(scratch) / f"{name}.dump")
                loaded.append(name)
    (instance.home / "airflow" / "migrated").unlink(missing_ok=True)  # the next start migrates what was put back
    return tuple(loaded)


def _unfinished(connection: Connection) -> date | None:
    """Return the newest day that took anything in or was published, when something taken in has not been through all steps."""
    if not batches.unfinished(connection):
        return None
    taken, published = batches.last_taken(connection), days.last_published(connection)
    return max(taken, published.business_date) if taken and published else taken
