"""Files of a folder that grow old: find those that were changed last before a time, and remove them with the folders they leave empty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from lakehouse.upkeep.disk import Size, files_below


def aged(folder: Path, before: datetime) -> list[tuple[Path, Size]]:
    """Return the files below a folder that were last changed before a time."""
    return [(path, Size(1, size)) for path, size, changed in files_below(folder) if changed < before.timestamp()]


def remove(folder: Path, paths: Iterable[Path]) -> None:
    """Remove files, and the folders between them and `folder` that are empty then; what is gone already is no error."""
    for path in paths:
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == folder or not parent.is_relative_to(folder):
                break
            try:
                parent.rmdir()
            except OSError:  # not empty, or gone
                break
