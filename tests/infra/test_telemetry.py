"""The telemetry program runs under the supervisor beside the real database and serves what that holds."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from application import services
from infra.local.supervision import Supervisor
from tests.infra.modes import assert_closed
from tests.plugin.servers import alive, processes, tiny_instance

pytestmark = pytest.mark.e2e


def test_metrics_are_served_as_long_as_their_program_runs(tmp_path: Path) -> None:
    instance = tiny_instance(tmp_path / "home")
    try:
        services.start(instance, ("postgres", "telemetry"))
        family = processes(instance)
        address = services.addresses(instance)["metrics"]
        families = text_string_to_metric_families(_served(address))
        served = {family.name: family.samples for family in families}
        assert served["huiliu_ledger_readable"][0].value == 1
        assert {one.labels["component"] for one in served["huiliu_component_up"] if one.value} == {"postgres", "telemetry"}
        assert {one.labels["program"] for one in served["huiliu_program_memory_bytes"] if one.value} == {"postgres", "telemetry"}
        services.stop(instance, ("telemetry",))
        with pytest.raises(httpx.ConnectError):
            _served(address)
        assert Supervisor(instance).states()["postgres"] == "RUNNING"
    finally:
        services.stop(instance)
    assert alive(family) == []
    assert_closed(instance.home)


def _served(address: str) -> str:
    return httpx.get(address, trust_env=False, timeout=30).raise_for_status().text
