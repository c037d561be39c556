"""The sample's API server: only their owner can read its keys, and a real city has no such server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.local import keys, ports, sample_api
from lakehouse.config import PROJECT, Instance
from lakehouse.connections import api_endpoint
from tests.plugin.servers import settings

pytestmark = pytest.mark.fast


def started(tmp_path: Path, clock: str) -> Instance:
    """Return an instance as after its first start, for a city with this clock."""
    shutil.copytree(PROJECT / "cities" / "tiny", tmp_path / "cities" / "tiny")
    profile = tmp_path / "cities" / "tiny" / "city.yaml"
    profile.write_text(profile.read_text("utf-8").replace("clock: manual", f"clock: {clock}"), "utf-8")
    instance = Instance(settings(home=tmp_path / "home", cities=tmp_path / "cities"))
    keys.ensure(instance)
    ports.ensure(instance, {f"HUILIU_PORT_{name.upper()}": "0" for name in ports.DEFAULTS})
    return instance


def test_a_manual_city_has_a_server_whose_secrets_are_no_arguments(tmp_path: Path) -> None:
    instance = started(tmp_path, "manual")
    (program,) = sample_api.programs(instance)
    assert keys.read(instance, "postgres.password") in program.environment[sample_api.VARIABLE]
    assert keys.read(instance, "postgres.password") not in " ".join(program.command)
    assert not sample_api.is_healthy(instance)
    endpoints = [api_endpoint(instance, name) for name in keys.API_CLIENTS]
    assert {endpoint.base for endpoint in endpoints} == {f"http://127.0.0.1:{instance.ports.sample_api}"}
    assert len({endpoint.client_secret for endpoint in endpoints}) == len(keys.API_CLIENTS)
    for name in keys.API_CLIENTS:
        assert not instance.key_path(f"{name}.client").stat().st_mode & 0o077


def test_a_real_city_has_none_and_is_well(tmp_path: Path) -> None:
    instance = started(tmp_path, "wall")
    assert sample_api.programs(instance) == []
    assert sample_api.is_healthy(instance)
