"""Temporary instances for benchmarks, each with a home and a sample city of its own, removed when the measurement ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from application import sample, services
from infra.local import lifecycle, ports
from lakehouse.config import Instance, Settings
from spark_jobs.lake.session import close_sessions

SEED = 1


@contextmanager
def resting() -> Iterator[Instance]:
    """Yield an instance without data on free ports, with PostgreSQL and Spark only; it is stopped and removed afterwards."""
    with _home("tiny") as instance:
        services.start(instance, ("postgres", "spark"))
        yield instance


@contextmanager
def lived(city: str, people: int) -> Iterator[Instance]:
    """Yield a running instance (without Airflow, on free ports) whose sample city is built; it is stopped and removed afterwards."""
    with _home(city) as instance:
        services.start(instance, tuple(name for name in lifecycle.needed(instance) if name != "airflow"))
        typer.echo(f"{people:>9,} people: making the city", err=True)
        sample.ensure(instance, people, SEED)
        yield instance


@contextmanager
def _home(city: str) -> Iterator[Instance]:
    with TemporaryDirectory(prefix="huiliu-benchmark-") as folder:
        instance = Instance(Settings(home=Path(folder), city=city, store=""))
        ports.ensure(instance, dict.fromkeys(map(ports.variable, ports.DEFAULTS), "0"))
        try:
            yield instance
        finally:
            close_sessions()
            services.stop(instance)
