"""Upkeep of the tables of the lake: which have many small files, which have files no version needs, and which versions are whole.

What there is to do is read from Delta's logs and from lists of files, without Spark. Compacting changes no row. Vacuuming keeps versions
for their term, and waits where one that is named would be lost: by a published day, or as the way back of a migration (ADR 0036).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.naming import table_path
from lakehouse.objects import Area, StoredObject, open_area
from lakehouse.upkeep.disk import Size, total
from lakehouse.upkeep.terms import KEPT_FOR, PROPERTY, VERSIONS
from lakehouse.upkeep.work import Postponed
from spark_jobs.lake import storage
from spark_jobs.lake.storage import LOG

MIB = 2**20
MOST_FILES = 20
"""From more files on, opening them takes longer than reading them: about 15 ms each, a third of a second for a query of a small table."""
SMALL_BYTES = 16 * MIB
"""Files that are smaller on average take longer to open than to read."""
LEAST_DEAD = 20
"""Vacuuming takes seconds even of a tiny table, so it waits until this many files may go."""
PAUSE = timedelta(days=7)
"""Vacuuming lists every file of a table, so a table is vacuumed at most once a week."""
MARGIN = timedelta(hours=1)
"""What is removed within the next hour counts as gone: Delta looks at its own clock, later than we do."""
NEVER = datetime.min.replace(tzinfo=UTC)
SETTINGS = {
    "spark.databricks.delta.optimize.maxFileSize": str(128 * MIB),  # a MERGE writes whole files anew: not the gigabyte of the default
    "spark.databricks.delta.optimize.minFileSize": str(2 * SMALL_BYTES),
    "spark.databricks.delta.vacuum.logging.enabled": "false",  # else a vacuum makes two versions of a table in which nothing changed
}
NOTE = "_upkeep.json"  # beside the log of a table: a leading underscore hides it from Delta


@dataclass(frozen=True)
class Crowded:
    """A table and its size: more small files than are good for it, or files that no version may need."""

    table: str
    size: Size


@dataclass(frozen=True)
class Note:
    """What is known of a table: from which version on all are whole, when it was vacuumed last, since when it keeps versions so long.

    What Delta forgot before that it would remove at once, so a table is vacuumed first when it has kept versions for a whole term.
    """

    whole_from: int = 0
    vacuumed_at: datetime = NEVER
    keeps_since: datetime | None = None


def crowded(instance: Instance) -> list[Crowded]:
    """Return the tables with many small files, those with most files first."""
    area = open_area(instance, "lake")
    found = [Crowded(table, live(area, table, version)) for table, version in storage.versions(instance).items()]
    small = [one for one in found if one.size.files > MOST_FILES and one.size.bytes < SMALL_BYTES * one.size.files]
    return sorted(small, key=lambda one: -one.size.files)


def compact(spark: SparkSession, instance: Instance, table: str) -> Size:
    """Write the small files of a table together and return the size of its newest version."""
    _set(spark)
    storage.optimize(spark, table)
    return live(open_area(instance, "lake"), table, storage.versions(instance, [table])[table])


def forgetful(instance: Instance) -> list[str]:
    """Return the tables that do not keep earlier versions for their term, as far as is known from the notes beside their logs."""
    area = open_area(instance, "lake")
    return [table for table in storage.versions(instance) if _note(area, table).keeps_since is None]


def keep(spark: SparkSession, instance: Instance, table: str, now: datetime) -> None:
    """Let a table keep earlier versions for their term, in a commit unless it does already, and note since when it does."""
    area = open_area(instance, "lake")
    if _kept_for(area, table) != KEPT_FOR:
        storage.keep_versions(spark, table)
    _put_note(area, table, replace(_note(area, table), keeps_since=now))


def stale(instance: Instance, now: datetime) -> list[Crowded]:
    """Return the tables with many files from before the term that the newest version does not need, those with most files first."""
    area, found = open_area(instance, "lake"), []
    for table, version in storage.versions(instance).items():
        note = _note(area, table)
        if note.keeps_since is None or now - note.keeps_since < VERSIONS or now - note.vacuumed_at < PAUSE:
            continue
        files = [(one.size, one.written_at < now - VERSIONS) for one in _data_files(area, table)]
        if sum(is_old for _, is_old in files) - live(area, table, version).files >= LEAST_DEAD:
            found.append(Crowded(table, total(size for size, _ in files)))
    return sorted(found, key=lambda one: -one.size.files)


def vacuum(spark: SparkSession, instance: Instance, table: str, named: Iterable[int], now: datetime) -> Size:
    """Remove the files that no version of the last term needs; return the size of what is left.

    Before anything is removed, a note beside the log says which versions are whole.

    Raises:
        Postponed: a version that is named would be lost.
    """
    _set(spark)
    area, cutoff = open_area(instance, "lake"), now - VERSIONS
    removals = removed_at(area, table)
    whole_from = first_whole(removals, cutoff + MARGIN)
    note = _note(area, table)
    if _kept_for(area, table) not in (None, KEPT_FOR):
        _put_note(area, table, replace(note, keeps_since=None))
        raise Postponed("it was made again, and does not keep earlier versions for their term yet")
    if broken := [version for version in named if version < whole_from and version + 1 in removals]:
        raise Postponed(f"version {min(broken)} is still named by a published day or as the way back of a migration")
    _put_note(area, table, replace(note, whole_from=max(note.whole_from, whole_from), vacuumed_at=now))
    storage.vacuum(spark, table)
    return total(one.size for one in _data_files(area, table))


def first_whole(removals: Mapping[int, datetime], cutoff: datetime) -> int:
    """Return the version from which on all are whole when files removed before a time are gone.

    `removals` tells of each version in the log when it removed files of the one before.
    """
    return max((version for version, at in removals.items() if at < cutoff), default=0)


def lost(instance: Instance, versions: Mapping[str, int]) -> list[str]:
    """Return the tables of which the given version cannot be read any more: its log was cleaned up, or its files were vacuumed."""
    area = open_area(instance, "lake")
    return [table for table, version in versions.items() if not _is_whole(area, table, version)]


def removed_at(area: Area, table: str) -> dict[int, datetime]:
    """Return, of each version in a table's log, when it removed files; one that removed none counts from its commit."""
    return {version: _earliest(area.get(path)) for version, path in _commits(area, table)}


def live(area: Area, table: str, version: int) -> Size:
    """Return files and bytes of a version, from the checksum beside its commit; none where there is no checksum."""
    try:
        found = json.loads(area.get(f"{table_path(table)}/{LOG}/{version:020}.crc"))
    except FileNotFoundError:
        return Size()
    return Size(found["numFiles"], found["tableSizeBytes"])


def _set(spark: SparkSession) -> None:
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)


def _is_whole(area: Area, table: str, version: int) -> bool:
    if version < _note(area, table).whole_from:
        return False
    names = [one.path.rpartition("/")[2] for one in area.list(f"{table_path(table)}/{LOG}")]
    commits = {int(name[:20]) for name in names if name[:20].isdigit() and name.endswith(".json")}
    checkpoints = {int(name[:20]) for name in names if name[:20].isdigit() and ".checkpoint." in name}
    return version in commits and (0 in commits or any(one <= version for one in checkpoints))


def _commits(area: Area, table: str) -> Iterator[tuple[int, str]]:
    for one in area.list(f"{table_path(table)}/{LOG}"):
        name = one.path.rpartition("/")[2]
        if name[:20].isdigit() and name[20:] == ".json":
            yield int(name[:20]), one.path


def _earliest(commit: bytes) -> datetime:
    """Return the earliest time that a commit notes: of the removal of a file, or of the commit itself."""
    actions = [json.loads(line) for line in commit.splitlines()]
    times = [one["remove"]["deletionTimestamp"] for one in actions if "remove" in one]
    times += [one["commitInfo"]["timestamp"] for one in actions if "commitInfo" in one]
    return datetime.fromtimestamp(min(times) / 1000, UTC)


def _data_files(area: Area, table: str) -> Iterator[StoredObject]:
    hidden = ("/_", "/.")  # the log, our note, and the checksums that Hadoop puts beside files of a folder
    return (one for one in area.list(table_path(table)) if not any(mark in one.path for mark in hidden))


def _note(area: Area, table: str) -> Note:
    try:
        found = json.loads(area.get(_note_path(table)))
    except FileNotFoundError:
        return Note()
    keeps_since = datetime.fromisoformat(found["keeps_since"]) if found["keeps_since"] else None
    return Note(found["whole_from"], datetime.fromisoformat(found["vacuumed_at"]), keeps_since)


def _put_note(area: Area, table: str, note: Note) -> None:
    facts = {"whole_from": note.whole_from, "vacuumed_at": note.vacuumed_at.isoformat()}
    keeps_since = note.keeps_since.isoformat() if note.keeps_since else None
    area.put(_note_path(table), json.dumps({**facts, "keeps_since": keeps_since}).encode())


def _kept_for(area: Area, table: str) -> str | None:
    """Return how long a table keeps the files of earlier versions by the newest word of its log; None where the log does not tell."""
    for _, path in sorted(_commits(area, table), reverse=True):
        for line in area.get(path).splitlines():
            if told := json.loads(line).get("metaData"):
                return str(told["configuration"].get(PROPERTY, ""))
    return None


def _note_path(table: str) -> str:
    return f"{table_path(table)}/{NOTE}"
