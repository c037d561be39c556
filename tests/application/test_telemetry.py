"""Metrics are served as Prometheus reads them; events reach a receiver, which may be down for a while and fails nothing."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from application.telemetry import Receiver, serve
from huiliu.main import app
from infra.local import keys, telemetry
from infra.local.programs import COMPONENTS
from lakehouse.config import Instance
from lakehouse.telemetry import outbox
from tests.plugin.servers import at, changed, tiny_instance

pytestmark = pytest.mark.fast


@dataclass
class Marquez:
    """A receiver of events: what it was sent, and the codes it answers, the last one for good."""

    answers: list[int] = field(default_factory=lambda: [201])
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/lineage"


@contextmanager
def receiving(marquez: Marquez) -> Iterator[Marquez]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = marquez.answers.pop(0) if len(marquez.answers) > 1 else marquez.answers[0]
            if status < 300 and self.path == "/api/v1/lineage":
                marquez.events.append(json.loads(body))
                marquez.keys.add(self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", marquez.port), Handler)
    marquez.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield marquez
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Instance:
    instance = tiny_instance(tmp_path / "home")
    keys.ensure(instance)
    outbox.keep(instance, [{"n": n} for n in range(3)])
    return instance


def test_events_are_sent_once_in_order_with_the_key(home: Instance) -> None:
    with receiving(Marquez()) as marquez:
        instance = changed(home, openlineage_url=marquez.url, secrets={"openlineage": "a-key"})
        assert Receiver(instance).send()
        outbox.keep(instance, [{"n": 3}])
        assert Receiver(instance).send()
    assert [one["n"] for one in marquez.events] == [0, 1, 2, 3]
    assert marquez.keys == {"Bearer a-key"}


def test_a_receiver_that_is_down_is_told_once_and_gets_everything_later(home: Instance, caplog: pytest.LogCaptureFixture) -> None:
    marquez = Marquez()
    with receiving(marquez):
        pass  # nobody listens on that port any more
    receiver = Receiver(changed(home, openlineage_url=marquez.url.replace("http://", "http://user:a-secret@")))
    with caplog.at_level(logging.INFO, "huiliu.telemetry"):
        assert [receiver.send() for _ in range(3)] == [False] * 3
        assert [one.levelname for one in caplog.records] == ["WARNING"]
        with receiving(marquez):
            assert receiver.send()
    assert [one["n"] for one in marquez.events] == [0, 1, 2]
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]
    assert "a-secret" not in caplog.text


@pytest.mark.parametrize(("answer", "sent"), [(500, [0, 1, 2]), (401, [0, 1, 2]), (404, [0, 1, 2]), (422, [1, 2])])
def test_only_an_event_that_is_refused_for_itself_is_left_behind(home: Instance, answer: int, sent: list[int]) -> None:
    with receiving(Marquez(answers=[answer, 201])) as marquez:
        receiver = Receiver(changed(home, openlineage_url=marquez.url))
        while not receiver.send():
            continue
    assert [one["n"] for one in marquez.events] == sent


def test_metrics_are_served_and_printed_as_prometheus_reads_them(home: Instance) -> None:
    with receiving(Marquez()) as marquez:
        instance = changed(home, openlineage_url=marquez.url)
        ends = threading.Event()
        server = threading.Thread(target=serve, args=(instance, instance.ports.telemetry, lambda: not ends.is_set()))
        server.start()
        try:
            wait_until_healthy(instance)
            answer = httpx.get(f"http://127.0.0.1:{instance.ports.telemetry}/metrics", trust_env=False, timeout=30)
        finally:
            ends.set()
            server.join()
    assert answer.headers["content-type"].startswith("text/plain")
    served = {family.name: family for family in text_string_to_metric_families(answer.text)}
    up = {sample.labels["component"]: sample.value for sample in served["huiliu_component_up"].samples}
    assert up == dict.fromkeys([name for name in COMPONENTS if name != "minio"], 0)
    assert served["huiliu_ledger_readable"].samples[0].value == 0
    assert served["huiliu_disk_used_bytes"].samples
    assert "huiliu_openlineage_waiting_bytes" in served
    assert [one["n"] for one in marquez.events] == [0, 1, 2]
    with at(instance):
        printed = CliRunner().invoke(app, ["metrics"], catch_exceptions=False)
    assert {family.name for family in text_string_to_metric_families(printed.stdout)} == set(served)


def wait_until_healthy(instance: Instance) -> None:
    for _ in range(200):
        if telemetry.is_healthy(instance):
            return
        threading.Event().wait(0.05)
    pytest.fail("the program does not answer")
