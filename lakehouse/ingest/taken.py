"""Put the files that were taken in away: from the inbox to `inbox/taken/<date>/`, so that no later scan reads them again.

A file is put away once its sidecar is written, before the next file is taken.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakehouse.naming import taken_folder

Mark = tuple[int, int, int]
GONE = (0, -1, 0)


@dataclass(frozen=True)
class Shelf:
    """The place of the files that a day takes out of an inbox."""

    inbox: Path
    on: date

    def put_away(self, path: Path, mark: Mark) -> None:
        """Move a file below the folder of the day, under its path in the inbox; a name that is taken gets a number.

        A file that was replaced since it had this mark stays: it is another delivery, which the next scan takes.
        """
        with suppress(FileNotFoundError):
            if mark_of(path) == mark:
                target = _free(self.inbox / taken_folder(self.on) / path.relative_to(self.inbox))
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)


def mark_of(path: Path) -> Mark:
    """Return what tells whether a file is still the same one: inode, size, last change; of a file that is gone, `GONE`."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return GONE
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}~{number}{path.suffix}")
    return free
