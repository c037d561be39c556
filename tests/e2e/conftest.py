"""The fixture of all end-to-end tests: three days of the tiny city, the first run by the real scheduler."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from application import sample
from application.day_run import run_by_hand
from infra.local import postgres
from lakehouse.config import PROJECT, Instance
from lakehouse.ops import connect, days
from spark_jobs.lake.session import open_session
from tests.oracle import canaries
from tests.oracle.rules import World

FIRST, SECOND, THIRD = DAYS = (date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3))
PEOPLE = 600
PATIENCE_SECONDS = 1200  # generous, because the machine may be busy
FAULTLESS = """
    select person.* from base.person join silver.c_household_registration as said using (person_id)
    where said.valid_to is null and said._replaced_on is null and size(said._flags) = 0
"""


@dataclass(frozen=True)
class Lived:
    """An instance with three published days, and the inputs that the oracle reads."""

    instance: Instance
    planted: tuple[canaries.Canary, ...]  # changes delivered on the second day

    @property
    def landing(self) -> Path:
        """Return the folder of the landed bytes."""
        return self.instance.home / "store" / "landing"

    @property
    def world(self) -> World:
        """Return the effective-dated code tables and regions."""
        return World(self.instance.settings.contracts / "codes", self.instance.city_folder)


@pytest.fixture(scope="session")
def lived(city: Instance) -> Lived:
    """Return the city after three days; two of them are run step by step in this process, which is faster.

    `huiliu run` is killed while it builds the city, started again, and killed once more in the middle of the first day: the build must
    continue where it stopped, and the day must go on without the command line.
    """
    _run_and_kill("  nothing ever says this", patience_seconds=4)
    _run_and_kill("  extract ", patience_seconds=PATIENCE_SECONDS)
    _await_published(city, FIRST)
    planted = _plant(city)
    for day in (SECOND, THIRD):
        sample.feed(city, day)
        run_by_hand(city, day, lambda _line: None)
    return Lived(city, planted)


def _plant(city: Instance) -> tuple[canaries.Canary, ...]:
    """Mark the registered address of one person in every area and return these people; rows with a label are not used."""
    rows = open_session(city).sql(FAULTLESS).collect()
    chosen = tuple(canaries.choose(row.asDict() for row in rows))
    assert canaries.plant(postgres.dsn(city, "source_city"), chosen, SECOND) == len(chosen)
    return chosen


def _run_and_kill(line: str, patience_seconds: float) -> None:
    """Start `huiliu run` and kill it as soon as it prints a line with this start, or when the time is up."""
    command = [sys.executable, "-u", "-m", "huiliu.main", "run", "--people", str(PEOPLE), "--days", "1"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as process:
        assert process.stdout is not None
        killer = threading.Timer(patience_seconds, process.kill)
        killer.start()
        while (said := process.stdout.readline()) and not said.startswith(line):
            pass
        killer.cancel()
        process.kill()


def _await_published(instance: Instance, day: date) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with connect(instance) as connection:
            newest = days.newest_issue(connection, day)
        if newest is not None and newest.state == "published":
            return
        time.sleep(1)
    pytest.fail(f"{day} was not published within {PATIENCE_SECONDS} s after the command line was killed")
