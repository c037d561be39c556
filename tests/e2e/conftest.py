"""Two days of the tiny city, run once through the real scheduler; what all end-to-end tests look at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from huiliu import sample
from huiliu.days import run_through_airflow
from lakehouse.config import PROJECT, Instance
from lakehouse.ops import connect, days
from tests.oracle.rules import World

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
PEOPLE = 600
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Lived:
    """An instance whose two days are published, and what the oracle reads of it."""

    instance: Instance
    said: list[str]

    @property
    def landing(self) -> Path:
        """Returns the folder of the landed bytes."""
        return self.instance.home / "store" / "landing"

    @property
    def world(self) -> World:
        """Returns the effective-dated tables of contracts and city."""
        return World(self.instance.settings.contracts / "codes", self.instance.city_folder)


@pytest.fixture(scope="session")
def lived(city: Instance) -> Iterator[Lived]:
    """Returns the city after two days. The command line is killed in the middle of the first: the day must not stop for that."""
    sample.ensure(city, PEOPLE, 1)
    sample.feed(city, FIRST)
    _run_and_kill(FIRST)
    _await_published(city, FIRST)
    sample.feed(city, SECOND)
    said: list[str] = []
    run_through_airflow(city, SECOND, said.append)
    return Lived(city, said)


def _run_and_kill(day: date) -> None:
    """Starts `huiliu run-day` and kills it when it has told of the first finished task."""
    command = [sys.executable, "-m", "huiliu.main", "run-day", day.isoformat()]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as process:
        assert process.stdout is not None
        assert "extract" in process.stdout.readline()
        process.send_signal(signal.SIGKILL)


def _await_published(instance: Instance, day: date) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with connect(instance) as connection:
            newest = days.newest_issue(connection, day)
        if newest is not None and newest.state == "published":
            return
        time.sleep(1)
    pytest.fail(f"{day} was not published within {PATIENCE_SECONDS} s after the command line was killed")
