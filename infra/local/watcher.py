"""Start the process that watches the instance and tells people of it, and check its health."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from infra.local.programs import Program
from lakehouse.alerts import watch
from lakehouse.config import PROJECT, Instance


def programs(_instance: Instance) -> list[Program]:
    """Return the watcher as a supervised program."""
    return [Program("watcher", "watcher", (sys.executable, "-m", watch.__name__), PROJECT, stop_seconds=5)]


def is_healthy(instance: Instance) -> bool:
    """Return whether it has looked at the instance within the last minutes."""
    return watch.is_awake(instance, datetime.now(UTC))
