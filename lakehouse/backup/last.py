"""Remember the last backup of an instance, so that `huiliu doctor` can say how old it is and whether it holds the keys in use."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from lakehouse.config import Instance

NAME = "backup.json"


class LastBackup(BaseModel):
    """The last backup: its archive, time and SHA-256, and of every key in it the SHA-256."""

    model_config = ConfigDict(frozen=True)

    archive: Path
    made_at: datetime
    sha256: str
    keys: dict[str, str]


def remember(instance: Instance, backup: LastBackup) -> None:
    """Keep what is known of a backup in the home of the instance, in the place of the one before."""
    path = instance.home / NAME
    scratch = path.with_suffix(".new")
    scratch.write_text(backup.model_dump_json(indent=2), "utf-8")
    scratch.chmod(0o600)
    scratch.rename(path)


def last_backup(instance: Instance) -> LastBackup | None:
    """Return what is known of the last backup, None when there is none."""
    path = instance.home / NAME
    return LastBackup.model_validate_json(path.read_bytes()) if path.is_file() else None
