"""Remember the last upkeep of an instance: what it did, what it left, and how much each area took afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from lakehouse.config import Instance
from lakehouse.upkeep.disk import free_on

NAME = "upkeep.json"


class LastUpkeep(BaseModel):
    """The last upkeep of all areas.

    Attributes:
        ended_at: when it ended.
        seconds: how long it took.
        done: `area, what, before, after` of each piece, with files and bytes.
        left: `area, what, why, failed` of what was not done.
        areas: `area, files, bytes` of each area afterwards, the largest first.
    """

    model_config = ConfigDict(frozen=True)

    ended_at: datetime
    seconds: float
    done: list[dict[str, Any]]
    left: list[dict[str, Any]]
    areas: list[dict[str, Any]]


def remember(instance: Instance, upkeep: LastUpkeep) -> None:
    """Keep what is known of an upkeep in the home of the instance, in the place of the one before."""
    path = instance.home / NAME
    scratch = path.with_suffix(".new")
    scratch.write_text(upkeep.model_dump_json(indent=2), "utf-8")
    scratch.chmod(0o600)
    scratch.rename(path)


def last_upkeep(instance: Instance) -> LastUpkeep | None:
    """Return what is known of the last upkeep, None when there was none."""
    path = instance.home / NAME
    return LastUpkeep.model_validate_json(path.read_bytes()) if path.is_file() else None


def room(instance: Instance) -> dict[str, Any]:
    """Return what an instance takes: `areas` as of the last upkeep (`counted_at`), `free` and `total` bytes of its disk now."""
    last, free = last_upkeep(instance), free_on(instance.home)
    counted_at = last.ended_at.isoformat(timespec="minutes") if last else None
    counted: dict[str, Any] = {"areas": last.areas if last else [], "counted_at": counted_at}
    return counted | {"free": free.free, "total": free.total, "runs_short": free.runs_short}
