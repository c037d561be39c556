"""Back up what the store of an instance does not hold: its databases and its keys. Restoring is in `application.restore`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local import dumps, keys
from lakehouse.backup import archive
from lakehouse.backup.archive import Source, file_sha256
from lakehouse.backup.last import LastBackup, remember
from lakehouse.backup.manifest import DATABASES, KEYS, STATE, Facts, Manifest, PublishedDay
from lakehouse.config import Instance
from lakehouse.connections import OPERATIONAL, connection_url
from lakehouse.errors import ConfigError, Problem
from lakehouse.ops import audit, connect, database, days

SCHEMAS = {OPERATIONAL: "huiliu", "airflow": "public"}
"""The databases of an instance, each with the schema that holds its tables. Those of the sample city are of other departments."""
WHAT = {OPERATIONAL: "operational records: batches, days, tickets, cases, audit", "airflow": "Airflow's runs and tasks"}


@dataclass(frozen=True)
class BackedUp:
    """An archive that was made: its path, size, SHA-256 and manifest."""

    archive: Path
    bytes: int
    sha256: str
    manifest: Manifest


def back_up(instance: Instance, to: Path | None = None, passphrase: str | None = None) -> BackedUp:
    """Write an archive into a folder (default: `backups` below home); the instance may run meanwhile.

    Args:
        instance: the instance.
        to: a folder, best on another machine.
        passphrase: what the parts are sealed with; None: the archive is only readable by its owner.

    Raises:
        ConfigError: the instance was never started, PostgreSQL does not answer or cannot be dumped, or the folder cannot be written to.
    """
    if not instance.key_path("hmac.key").is_file():
        found = "this instance has no keys yet, so there is nothing to back up."
        raise ConfigError(Problem(str(instance.home), found, "", "run `huiliu up`, or check HUILIU_HOME.").text())
    facts = _facts(instance)
    folder = to or instance.folder("backups")
    path = folder / f"huiliu-{instance.city.code}-{facts.made_at:%Y%m%dT%H%M%SZ}.zip"
    with tempfile.TemporaryDirectory(dir=instance.folder("run"), prefix="backup-") as scratch:
        sources = [*_key_files(instance), *_state(instance), *_dumped(instance, Path(scratch))]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            manifest = archive.write(path, facts, sources, passphrase)
        except OSError as error:
            raise ConfigError(
                Problem(str(folder), f"the archive cannot be written: {error.strerror}.", "", "choose another --to.").text()
            ) from None
        held = {source.path.name: file_sha256(source.path) for source in sources if source.name.startswith(KEYS)}
    made = BackedUp(path, path.stat().st_size, file_sha256(path), manifest)
    remember(instance, LastBackup(archive=path.resolve(), made_at=facts.made_at, sha256=made.sha256, keys=held))
    with connect(instance) as connection:
        audit.append(connection, audit.operator(), "backup", path.name, {"sha256": made.sha256, "sealed": manifest.sealing is not None})
    return made


def _facts(instance: Instance) -> Facts:
    with connect(instance) as connection:
        version, newest = database.schema_version(connection), days.last_published(connection)
    day = newest and PublishedDay(business_date=newest.business_date, issue=newest.issue, entry_sha256=newest.entry_sha256 or "")
    made_at = datetime.now(UTC).replace(microsecond=0)
    signing = file_sha256(instance.key_path(keys.PUBLIC))
    return Facts(made_at=made_at, city=instance.city.code, signing_key=signing, schema_version=version, newest_day=day)


def _key_files(instance: Instance) -> Iterator[Source]:
    for path in sorted(instance.folder("keys").iterdir()):
        if path.is_file() and not path.name.startswith("."):
            yield Source(f"{KEYS}{path.name}", "a key or password", path)


def _state(instance: Instance) -> Iterator[Source]:
    path = instance.home / STATE
    if path.is_file():
        yield Source(STATE, "ports and store chosen at the first start", path)


def _dumped(instance: Instance, folder: Path) -> Iterator[Source]:
    for name, schema in SCHEMAS.items():
        if name != OPERATIONAL and not (instance.home / "postgres").is_dir():
            continue  # Airflow's database is on the instance's own server
        url, target = connection_url(instance, name), folder / f"{name}.dump"
        if dumps.has_tables(url, schema):
            dumps.dump(url, schema, target)
            yield Source(f"{DATABASES}{target.name}", WHAT[name], target)
