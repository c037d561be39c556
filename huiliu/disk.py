"""The disk of an instance in one line, as `status` and `report` show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lakehouse.upkeep.disk import Free

GIB = 2**30


def disk_line(found: Mapping[str, Any]) -> str:
    """Return how much is free, a warning where that is little, and what takes most (`free, total, areas, counted_at`)."""
    free = Free(found["free"], found["total"])
    short = ": make room, `huiliu doctor` says how" if free.runs_short else ""
    areas = "; ".join(_areas(found["areas"]))
    return f"{free.text()}{short}" + (f". Counted {found['counted_at'][:16]} UTC: {areas}" if areas else "")


def _areas(areas: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (f"{one['area']} {one['bytes'] / GIB:.2f} GiB in {one['files']:,} files" for one in areas if one["files"])
