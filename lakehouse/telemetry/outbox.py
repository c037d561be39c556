"""Keep events as JSON lines, a file for each day, and find those that were not sent yet.

The files are the outbox: jobs only append to them, and the telemetry program sends what they hold (`application/telemetry.py`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lakehouse.config import Instance

POSITIONS = "openlineage.json"


@dataclass(frozen=True)
class Pending:
    """A kept event that was not sent yet, and the place behind it in its file."""

    file: str
    line: bytes
    end: int


def folder(instance: Instance) -> Path:
    """Return the folder of the event files: `logs/openlineage` below home unless `HUILIU_OPENLINEAGE_FOLDER` names another."""
    chosen = instance.settings.openlineage_folder
    if chosen is None:
        return instance.folder("logs", "openlineage")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def keep(instance: Instance, events: Iterable[dict[str, Any]]) -> None:
    """Append events to the file of today (UTC) in one write, so that those of jobs that end at once do not mix."""
    lines = "".join(f"{json.dumps(event, ensure_ascii=False, separators=(',', ':'))}\n" for event in events)
    path = folder(instance) / f"{datetime.now(UTC).date().isoformat()}.jsonl"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab", buffering=0) as handle:
        handle.write(lines.encode())


def kept(instance: Instance) -> Iterator[dict[str, Any]]:
    """Yield all kept events in the order they were written."""
    for path in sorted(folder(instance).glob("*.jsonl")):
        yield from map(json.loads, path.read_bytes().splitlines())


def pending(instance: Instance) -> Iterator[Pending]:
    """Yield the events that were not sent yet, the oldest first; a line that is still being written waits."""
    positions = _positions(instance)
    for path in sorted(folder(instance).glob("*.jsonl")):
        place = positions.get(path.name, 0)
        if path.stat().st_size <= place:
            continue
        with path.open("rb") as handle:
            handle.seek(place)
            for line in handle:
                if not line.endswith(b"\n"):
                    break
                place += len(line)
                yield Pending(path.name, line, place)


def waiting_bytes(instance: Instance) -> int:
    """Return how much of the event files was not sent yet."""
    positions = _positions(instance)
    return sum(path.stat().st_size - positions.get(path.name, 0) for path in folder(instance).glob("*.jsonl"))


def sent_before(instance: Instance, day: date) -> list[Path]:
    """Return the files of days before a date (UTC) that nothing waits in; where events are sent nowhere, none waits."""
    positions = _positions(instance) if instance.settings.openlineage_url else None
    old = [path for path in sorted(folder(instance).glob("*.jsonl")) if path.stem < day.isoformat()]
    return [path for path in old if positions is None or path.stat().st_size <= positions.get(path.name, 0)]


def record_sent(instance: Instance, last: Pending) -> None:
    """Record that everything up to this event was sent."""
    path = instance.folder("run") / POSITIONS
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps({**_positions(instance), last.file: last.end}), "utf-8")
    scratch.rename(path)


def _positions(instance: Instance) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads((instance.folder("run") / POSITIONS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found
