"""Start the sample city's API server and check its health; a real city (`clock: wall`) has none."""

from __future__ import annotations

import sys

import httpx

from infra.local.ports import HOST
from infra.local.programs import Program
from lakehouse.config import PROJECT, Instance
from lakehouse.connections import connection_url

DATABASE = "source_city"
VARIABLE = "SAMPLE_API_DATABASE"


def programs(instance: Instance) -> list[Program]:
    """Return the server as a supervised program; the database's URL holds a password, so it is passed in the environment."""
    if instance.city.clock != "manual":
        return []
    url = connection_url(instance, DATABASE).set(drivername="postgresql").render_as_string(hide_password=False)
    command = (
        *(sys.executable, "-m", "sample_city.feed.api_server", "--port", str(instance.ports.sample_api)),
        *("--database", VARIABLE, "--clients", str(instance.folder("keys"))),
    )
    return [Program("sample_api", "sample_api", command, PROJECT, {VARIABLE: url}, stop_seconds=5)]


def is_healthy(instance: Instance) -> bool:
    """Return whether the server answers, or is not needed."""
    if instance.city.clock != "manual":
        return True
    try:
        return httpx.get(f"http://{HOST}:{instance.ports.sample_api}/health", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
