"""Ports of an instance: asked for by variable, chosen at the first start, kept afterwards."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import ports
from lakehouse.config import Instance, Settings
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast
ANY = {f"HUILIU_PORT_{name.upper()}": "0" for name in ports.DEFAULTS}


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def resting(tmp_path: Path) -> Instance:
    return Instance(Settings(home=tmp_path))


def test_zero_finds_different_free_ports_and_keeps_them(resting: Instance) -> None:
    chosen = ports.ensure(resting, ANY)
    assert len(set(chosen.model_dump().values())) == len(ports.DEFAULTS)
    assert ports.ensure(resting, {}) == chosen == resting.ports


def test_default_in_use_is_replaced(resting: Instance, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ports.DEFAULTS, "postgres", taken)
    assert ports.ensure(resting, {}).postgres != taken


def test_asked_port_in_use_is_refused_and_nothing_is_kept(resting: Instance, taken: int) -> None:
    with pytest.raises(ConfigError) as error:
        ports.ensure(resting, {**ANY, "HUILIU_PORT_AIRFLOW": str(taken)})
    text = str(error.value)
    assert text.startswith("HUILIU_PORT_AIRFLOW:")
    assert f"port {taken} of 127.0.0.1 is in use" in text
    assert "Allowed: any free port" in text
    assert "Fix: " in text
    assert not (resting.home / "instance.json").exists()


def test_all_senseless_ports_are_reported_at_once(resting: Instance) -> None:
    with pytest.raises(ConfigError) as error:
        ports.ensure(resting, {"HUILIU_PORT_POSTGRES": "80", "HUILIU_PORT_SPARK_UI": "many"})
    assert "HUILIU_PORT_POSTGRES" in str(error.value)
    assert "HUILIU_PORT_SPARK_UI" in str(error.value)


def test_kept_port_taken_by_another_program_is_named(resting: Instance, taken: int) -> None:
    kept = {**ports.ensure(resting, ANY).model_dump(), "postgres": taken}
    (resting.home / "instance.json").write_text(json.dumps({"ports": kept}))
    with pytest.raises(ConfigError, match=r"instance.json: ports.postgres:\n.* in use by another program"):
        ports.refuse_occupied(resting, ["postgres"])
    ports.refuse_occupied(resting, ["spark"])


def test_another_port_than_the_kept_one_is_refused(resting: Instance) -> None:
    kept = ports.ensure(resting, ANY)
    with pytest.raises(ConfigError, match=f"started first with {kept.postgres}"):
        ports.ensure(resting, {"HUILIU_PORT_POSTGRES": str(kept.postgres + 1)})


def test_a_server_that_came_later_gets_a_port_and_the_others_keep_theirs(resting: Instance) -> None:
    kept = ports.ensure(resting, ANY).model_dump()
    before = {name: port for name, port in kept.items() if name != "sample_api"}
    (resting.home / "instance.json").write_text(json.dumps({"ports": before}))
    again = ports.ensure(resting, ANY).model_dump()
    assert {name: again[name] for name in before} == before
    assert again["sample_api"] not in before.values()
