"""Returns instances to measure on: a home of their own with a sample city, gone when the measurement ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from huiliu import sample, services
from infra.local import lifecycle
from infra.local.ports import DEFAULTS
from lakehouse.config import Instance
from spark_jobs.lake.session import close_sessions

SEED = 1


@contextmanager
def lived(city: str, people: int) -> Iterator[Instance]:
    """Returns a running instance (without Airflow, on free ports) whose sample city is built; stopped and removed afterwards."""
    with TemporaryDirectory(prefix="huiliu-benchmark-") as folder, _environment(Path(folder), city):
        instance = Instance()
        try:
            services.start(instance, tuple(name for name in lifecycle.needed(instance) if name != "airflow"), quiet=True)
            typer.echo(f"{people:>9,} people: making the city", err=True)
            sample.ensure(instance, people, SEED)
            yield instance
        finally:
            close_sessions()
            services.stop(instance)


@contextmanager
def _environment(home: Path, city: str) -> Iterator[None]:
    """Names the home for everything in this process and every program it starts."""
    wanted = {"HUILIU_HOME": str(home), "HUILIU_CITY": city} | {f"HUILIU_PORT_{name.upper()}": "0" for name in DEFAULTS}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
