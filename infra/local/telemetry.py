"""The program that serves the metrics of an instance and sends its OpenLineage events, and whether it answers."""

from __future__ import annotations

import sys

from infra.local import ports
from infra.local.programs import Program
from lakehouse.config import PROJECT, Instance

MODULE = "application.telemetry"


def programs(instance: Instance) -> list[Program]:
    """Return the program; its own environment names instance and receiver, so that another receiver needs no restart of the supervisor."""
    told = instance.settings.environment()
    return [Program("telemetry", "telemetry", (sys.executable, "-m", MODULE), PROJECT, told, stop_seconds=5)]


def is_healthy(instance: Instance) -> bool:
    """Return whether the program answers; its metrics are not asked for, because they ask for the health of everything."""
    return ports.is_answering(instance.ports.telemetry)
