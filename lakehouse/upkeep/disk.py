"""Room on the disk: how much each area of an instance takes, and how much is free."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lakehouse.config import AREAS, Instance
from lakehouse.objects import open_area

GIB = 2**30
LEAST_GIB = 5
LEAST_SHARE = 0.15
FOLDERS = ("postgres", "logs", "derived", "inbox", "sample", "backups")
"""The folders of a home that grow; the store's areas are counted apart."""


@dataclass(frozen=True)
class Size:
    """A number of files and their bytes."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.files + other.files, self.bytes + other.bytes)


@dataclass(frozen=True)
class Free:
    """The free bytes of the disk that holds (or will hold) an instance, and all its bytes."""

    free: int
    total: int

    @property
    def gib(self) -> float:
        """Return the free space in GiB."""
        return self.free / GIB

    @property
    def is_short(self) -> bool:
        """Return whether so little is free that a day may not find room."""
        return self.gib < LEAST_GIB

    @property
    def runs_short(self) -> bool:
        """Return whether it is time to make room: less than 15 % or 5 GiB is free."""
        return self.is_short or self.free < LEAST_SHARE * self.total

    def text(self) -> str:
        """Return it in words."""
        return f"{self.gib:.0f} of {self.total / GIB:.0f} GiB free ({self.free / max(self.total, 1):.0%})"


def free_on(home: Path) -> Free:
    """Return how much of the disk that holds (or will hold) a folder is free."""
    found = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists()))
    return Free(found.free, found.total)


def sizes(instance: Instance) -> Iterator[tuple[str, Size]]:
    """Yield what each area of the store and each folder of the home takes, by name; each is counted when it is asked for."""
    for area in AREAS:
        objects = open_area(instance, area)
        root = objects.local_path()
        yield area, below(root) if root else total(one.size for one in objects.list())
    for name in FOLDERS:
        yield name, below(instance.home / name)


def total(sizes_of_files: Iterator[int]) -> Size:
    """Return the number and the sum of some sizes."""
    found = Size()
    for size in sizes_of_files:
        found += Size(1, size)
    return found


def below(folder: Path) -> Size:
    """Return the size of all files below a folder; one that is deleted meanwhile counts nothing."""
    return total(size for _, size, _ in files_below(folder))


def files_below(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Yield path, bytes and time of change (seconds since 1970) of every file below a folder; links are not followed."""
    waiting = [folder]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield Path(entry.path), found.st_size, found.st_mtime


def as_facts(found: Mapping[str, Size]) -> list[dict[str, int | str]]:
    """Return sizes as rows, the largest first."""
    rows = sorted(found.items(), key=lambda one: -one[1].bytes)
    return [{"area": area, "files": size.files, "bytes": size.bytes} for area, size in rows]
