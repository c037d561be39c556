"""The command that prints the metrics of the instance."""

from __future__ import annotations

import typer

from application.metrics import text
from lakehouse.config import Instance


def register(app: typer.Typer) -> None:
    """Add `metrics` to the command line."""
    app.command()(metrics)


def metrics() -> None:
    """Print what `status` and `report` know as Prometheus metrics, the same text as the program `telemetry` serves."""
    typer.echo(text(Instance()), nl=False)
