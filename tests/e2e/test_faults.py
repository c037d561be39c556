"""Spark is killed between the Delta commit and the database record: repeating the step writes no data and adds the record."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest

from application import sample, services
from infra.local import session
from lakehouse.config import PROJECT, Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import silver
from lakehouse.ops import batches, connect
from spark_jobs.lake.storage import versions
from tests.oracle.resources import CHECK
from tests.plugin.servers import at, forget_tables, fresh_home

pytestmark = pytest.mark.fault
DAY = date(2026, 6, 1)
PATIENCE_SECONDS = 120


@pytest.fixture
def gated(servers: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Return a home whose person checks have passed the gate and wait for silver."""
    with fresh_home(servers, tmp_path / "home") as home, at(home):
        sample.ensure(home, 300, 1)
        sample.feed(home, DAY)
        for step in ("reference", "extract", "gate"):
            run_job(step, JobRequest(DAY, None if step == "reference" else CHECK), home)
        yield home


def test_spark_killed_between_commit_and_record(servers: Instance, gated: Instance) -> None:
    table = silver(CHECK)
    command = [sys.executable, "-m", "huiliu.main", "job", "silver", "--resource", CHECK, "--date", DAY.isoformat()]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as step:
        _until(lambda: versions(gated, [table]).get(table, 0) >= 1)  # version 0 makes the table, version 1 is the one commit
        for process in _spark(servers):
            process.send_signal(signal.SIGKILL)
        assert step.wait(PATIENCE_SECONDS) != 0
    assert _waiting(gated) == 2
    written = versions(gated, [table])

    services.start(servers, ("postgres", "spark"))
    forget_tables(gated)
    again = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert versions(gated, [table]) == written
    assert _waiting(gated) == 0


def _spark(servers: Instance) -> list[psutil.Process]:
    """Return the Spark process in the process session of the servers."""
    return [process for process in session.members(servers) if process.info["name"] == "java"]


def _waiting(instance: Instance) -> int:
    with connect(instance) as connection:
        return len(batches.open_for(connection, CHECK, "silver"))


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not so within {PATIENCE_SECONDS} s"
        time.sleep(0.02)
