"""The watcher as a supervised process of a real instance: it tells that no day is published, comes back when killed, and stops."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from application import services
from huiliu.main import app
from infra.local import lifecycle
from infra.local.supervision import Supervisor
from lakehouse.alerts.channels.webhook import signature
from lakehouse.alerts.routes import FILE
from lakehouse.config import PROJECT, Instance
from tests.lakehouse.alerts.receivers import Receiver, receiver
from tests.plugin.servers import alive, at, tiny_instance

pytestmark = pytest.mark.e2e

ROUTES = """
channels: {centre: {kind: webhook, connection: centre}}
routes: [{name: all, owners: [platform], channel: centre}]
"""


@pytest.fixture
def told() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def real(tmp_path: Path, told: Receiver) -> Iterator[Instance]:
    """Return an instance of a city that lives by the clock on the wall, with only PostgreSQL and the watcher."""
    city = tmp_path / "cities" / "tiny"
    shutil.copytree(PROJECT / "cities" / "tiny", city)
    profile = (city / "city.yaml").read_text("utf-8")
    (city / "city.yaml").write_text(profile.replace("clock: manual", "clock: wall"), "utf-8")
    (city / FILE).write_text(ROUTES, "utf-8")
    given = {"connections": {"centre": f"{told.url}/in"}, "secrets": {"centre": "the secret"}}
    found = tiny_instance(tmp_path / "home", cities=tmp_path / "cities", **given)
    with at(found):
        services.start(found, ("watcher",))
        yield found
        services.stop(found)


def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_city_without_a_published_day_is_told_by_a_process_that_survives(real: Instance, told: Receiver) -> None:
    assert lifecycle.health(real)["watcher"].healthy
    (message,) = told.got
    timestamp, given = message.headers["X-Huiliu-Timestamp"], message.headers["X-Huiliu-Signature"]
    assert given == f"sha256={signature('the secret', timestamp, message.body)}"
    assert "unpublished" in [one["kind"] for one in json.loads(message.body)["alerts"]]
    listed = {one["alert"]["kind"]: one for one in json.loads(huiliu("alerts", "list", "--json"))["alerts"]}
    assert [one["times_sent"] for one in listed["unpublished"]["notices"]] == [1]
    huiliu("alerts", "seen", str(listed["unpublished"]["alert"]["alert_id"]))
    assert "seen by" in huiliu("alerts", "list")
    assert huiliu("alerts", "test") == "sent   all: trial\n"
    before = psutil.Process(Supervisor(real).pids()["watcher"])
    assert before.memory_info().rss < 200 * 2**20
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: Supervisor(real).pids().get("watcher", before.pid) != before.pid)
    assert len([one for one in told.got if not json.loads(one.body)["trial"]]) == 1, "what is on record is not told anew"
    services.stop(real, ("watcher",))
    assert alive([before]) == []
    assert not lifecycle.health(real)["watcher"].healthy


def huiliu(*arguments: str) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout
