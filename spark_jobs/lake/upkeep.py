"""Upkeep of the tables of the lake: which have many small files, which have files no version needs, and which versions are whole.

What there is to do is read from Delta's logs and from lists of files, without Spark. Compacting changes no row. Vacuuming keeps what the
term of the city keeps, and versions that are named: by the record of a published day, or as the way back from a migration (ADR 0036).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.naming import table_path
from lakehouse.objects import Area, StoredObject, open_area
from lakehouse.upkeep.disk import Size, total
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
"""What was removed this much earlier is kept too: a statement notes the time before it commits, and Delta counts from its own clock."""
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
    """What is known of the last vacuum of a table: from which version on all are whole, and when it was."""

    whole_from: int = 0
    vacuumed_at: datetime = NEVER


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


def stale(instance: Instance, before: datetime, now: datetime) -> list[Crowded]:
    """Return the tables with many files from before a time that its newest version does not need, those with most files first."""
    area, found = open_area(instance, "lake"), []
    for table, version in storage.versions(instance).items():
        files = [(one.size, one.written_at < before) for one in _data_files(area, table)]
        dead = sum(is_old for _, is_old in files) - live(area, table, version).files
        if dead >= LEAST_DEAD and now - _note(area, table).vacuumed_at >= PAUSE:
            found.append(Crowded(table, total(size for size, _ in files)))
    return sorted(found, key=lambda one: -one.size.files)


def vacuum(spark: SparkSession, instance: Instance, table: str, since: datetime, named: Iterable[int]) -> Size:
    """Remove the files that neither a version since a time nor a named one needs; return the size of what is left.

    Before anything is removed, a note beside the log says which versions are whole.
    """
    _set(spark)
    area, now = open_area(instance, "lake"), datetime.now(UTC)
    removals = removed_at(area, table)
    cutoff = keeping(removals, since, named)
    whole_from = max(_note(area, table).whole_from, first_whole(removals, cutoff))
    area.put(_note_path(table), json.dumps({"whole_from": whole_from, "vacuumed_at": now.isoformat()}).encode())
    storage.vacuum(spark, table, math.ceil((now - cutoff + MARGIN) / timedelta(hours=1)))
    return total(one.size for one in _data_files(area, table))


def keeping(removals: Mapping[int, datetime], since: datetime, named: Iterable[int]) -> datetime:
    """Return the time before which removed files may go, so that versions since a time and the named ones stay whole.

    `removals` tells of each version in the log when it removed files of the one before. A version whose successor is not in the log is the
    newest one, or is lost already.
    """
    return min([since, *(removals[version + 1] for version in named if version + 1 in removals)])


def first_whole(removals: Mapping[int, datetime], cutoff: datetime) -> int:
    """Return the version from which on all are whole when files removed before a time are gone."""
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
    return (one for one in area.list(table_path(table)) if "/_" not in one.path)


def _note(area: Area, table: str) -> Note:
    try:
        found = json.loads(area.get(_note_path(table)))
    except FileNotFoundError:
        return Note()
    return Note(found["whole_from"], datetime.fromisoformat(found["vacuumed_at"]))


def _note_path(table: str) -> str:
    return f"{table_path(table)}/{NOTE}"
