"""The description of a program that the supervisor runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lakehouse.config import Instance

COMPONENTS = ("postgres", "minio", "sample_api", "spark", "sql_desk", "airflow", "telemetry", "watcher")
"""In the order of their start; they stop in the other order."""


@dataclass(frozen=True)
class Program:
    """One process under the supervisor; a component (one of `COMPONENTS`) has one or several, or none where the city does not need it."""

    name: str
    component: str
    command: tuple[str, ...]
    directory: Path
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    once: bool = False
    """It ends by itself; its health is nobody's concern."""


def environment(instance: Instance) -> dict[str, str]:
    """Return the environment variables that tell a program which instance it serves."""
    return {**instance.settings.environment(), "SPARK_CONNECT_RELEASE_SESSION_ON_EXIT": "true"}
