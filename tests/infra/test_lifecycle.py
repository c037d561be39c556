"""Start, stop and restart an instance with the real command line on real servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.local import keys, postgres
from infra.local.supervision import Supervisor
from lakehouse.config import Instance
from tests.infra.modes import assert_closed
from tests.plugin.servers import alive, at, processes, tiny_instance

HUILIU = Path(sys.executable).with_name("huiliu")


def huiliu(*arguments: str, ok: bool = True) -> Any:
    done = subprocess.run([HUILIU, *arguments], capture_output=True, text=True, check=False, timeout=300, umask=0o022)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in arguments and ok else done.stderr


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance beside the shared one, with only PostgreSQL, stopped at the end."""
    found = tiny_instance(tmp_path / "home")
    with at(found):
        huiliu("up", "--only", "postgres", "--json")
        yield found
        huiliu("down")


@pytest.mark.e2e
def test_second_up_changes_nothing_and_down_leaves_nothing(second: Instance) -> None:
    before = processes(second)
    pids = Supervisor(second).pids()
    assert huiliu("up", "--only", "postgres", "--json")["components"]["postgres"]["healthy"]
    assert Supervisor(second).pids() == pids
    huiliu("down")
    assert alive(before) == []
    assert_closed(second.home)
    huiliu("down")


@pytest.mark.e2e
def test_one_component_is_stopped_with_what_it_started_and_the_supervisor_goes_on(second: Instance) -> None:
    supervisor, *family = processes(second)
    assert len(family) > 1
    assert huiliu("down", "--only", "postgres", "--json")["stopped"] == ["postgres"]
    assert alive(family) == []
    assert alive([supervisor]) == [supervisor]
    assert huiliu("up", "--only", "postgres", "--json")["components"]["postgres"]["healthy"]
    assert "there is no component 'postgre'" in huiliu("down", "--only", "postgre", ok=False)


@pytest.mark.e2e
def test_only_a_start_that_is_asked_to_shows_the_password(second: Instance) -> None:
    password = keys.airflow_password(second)
    for arguments in (("status",), ("status", "--json"), ("up", "--only", "postgres"), ("up", "--only", "postgres", "--json")):
        done = subprocess.run([HUILIU, *arguments], capture_output=True, text=True, check=False, timeout=300)
        assert password not in done.stdout + done.stderr
        assert "huiliu up --show-login" in done.stdout
    shown = huiliu("up", "--only", "postgres", "--show-login", "--json")
    assert shown["airflow_login"] == f"user admin, password {password}"
    assert "spark_thrift" not in shown


@pytest.mark.fault
def test_killed_supervisor_is_replaced_and_its_children_are_ended(second: Instance) -> None:
    with psycopg.connect(postgres.dsn(second, "huiliu")) as connection:
        connection.execute("create table kept (n int)")
    before = processes(second)
    os.kill(before[0].pid, signal.SIGKILL)
    huiliu("up", "--only", "postgres", "--json")
    assert alive(before) == []
    with psycopg.connect(postgres.dsn(second, "huiliu")) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
    assert list(Supervisor(second).pids()) == ["postgres"]


@pytest.mark.fault
def test_down_after_a_killed_supervisor_leaves_nothing(second: Instance) -> None:
    before = processes(second)
    os.kill(before[0].pid, signal.SIGKILL)
    huiliu("down")
    assert alive(before) == []


@pytest.mark.fault
def test_kept_port_taken_while_resting_is_named(second: Instance) -> None:
    huiliu("down")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", second.ports.postgres))
        listener.listen()
        said = huiliu("up", "--only", "postgres", ok=False)
    assert "ports.postgres" in said
    assert f"port {second.ports.postgres} of 127.0.0.1 is in use" in said
    assert not Supervisor(second).is_running()
