"""An orchestrator that does not answer, or refuses the login, gives a ConfigError with a readable message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from lakehouse import orchestrator
from lakehouse.config import Instance, Ports, Settings
from lakehouse.errors import ConfigError
from lakehouse.orchestrator import Orchestrator
from tests.lakehouse.airflow import airflow, dates, instance_at

pytestmark = pytest.mark.fast


class _Refusing(BaseHTTPRequestHandler):
    """Answers every request with a refusal."""

    def do_GET(self) -> None:
        self.send_error(401)

    def do_POST(self) -> None:
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Return the port of an orchestrator that refuses every request."""
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_one_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrator, "PATIENCE_SECONDS", 0)
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:1:\n.*does not answer \(ConnectError\)[\s\S]*huiliu up"):
        Orchestrator(_instance(tmp_path, 1)).dag_ids()


def test_one_that_does_not_let_us_in_is_named(tmp_path: Path, port: int) -> None:
    with pytest.raises(ConfigError, match=r"POST /auth/token:\n.*answered 403"):
        Orchestrator(_instance(tmp_path, port)).dag_ids()


@pytest.mark.parametrize(
    ("states", "asked"),
    [([], 1), (["success", "failed"], 1), (["running"], 1), (["queued"], 0), (["success", "running", "queued"], 0)],
    ids=["none", "ended", "past that task", "still to come", "one of them still to come"],
)
def test_a_day_is_closed_again_once_unless_that_is_still_to_come(states: list[str], asked: int, tmp_path: Path) -> None:
    [day] = dates(1)
    with airflow() as speaking:
        for state in states:
            speaking.run("close_day", "2026-06-01", state)
        speaking.run("close_day", "2026-06-02", "queued")
        Orchestrator(instance_at(tmp_path, speaking.port)).close_again(day)
    assert [body["dag_id"] for body in speaking.asked] == ["close_day"] * asked


def _instance(home: Path, port: int) -> Instance:
    instance = Instance(Settings(home=home))
    (home / "instance.json").write_text(json.dumps({"ports": dict.fromkeys(Ports.model_fields, port)}), "utf-8")
    instance.key_path("airflow.users.json").write_text(json.dumps({"admin": "secret"}), "utf-8")
    return instance
