"""Put the files that were taken in away: from the inbox to `inbox/taken/<date>/`, so that no later scan reads them again.

A file is put away once its batch is landed and recorded. When that is interrupted, the next scan finds the file, knows its batch and only
puts it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

from lakehouse.ingest.readers.delivery import Delivery
from lakehouse.naming import taken_folder

Marks = Mapping[Path, tuple[int, ...]]


def marks(deliveries: Iterable[Delivery]) -> Marks:
    """Return what tells whether a file is still the same one (inode, size, last change), for each file that is there."""
    found = {}
    for delivery in deliveries:
        with suppress(FileNotFoundError):
            found[delivery.path] = _mark(delivery.path)
    return found


def put_away(inbox: Path, seen: Marks, on: date) -> None:
    """Move files below the folder of the day that took them in, under their paths; a name that is taken gets a number.

    A file that was replaced since it was seen stays: it is another delivery, which the next scan takes.
    """
    for path, mark in seen.items():
        with suppress(FileNotFoundError):
            if _mark(path) == mark:
                target = _free(inbox / taken_folder(on) / path.relative_to(inbox))
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)


def _mark(path: Path) -> tuple[int, ...]:
    facts = path.stat()
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}~{number}{path.suffix}")
    return free
