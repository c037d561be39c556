"""A JDBC client reads tables of an instance that was started to let anybody in."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest

from application import services
from infra.local import java
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from spark_jobs.lake.session import close_sessions
from tests.plugin.servers import tiny_instance

pytestmark = pytest.mark.e2e


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Instance, list[str]]]:
    """Return an instance of its own with Thrift, and what was said when it was started."""
    said: list[str] = []
    instance = tiny_instance(tmp_path / "home", thrift=True)
    try:
        services.start(instance, ("postgres", "spark"), said.append)
        yield instance, said
    finally:
        close_sessions()
        services.stop(instance)


def test_a_jdbc_client_is_let_in_when_thrift_was_asked_for(opened: tuple[Instance, list[str]]) -> None:
    """Beeline is Hive's own JDBC client; its driver is the one other tools use."""
    instance, said = opened
    assert services.OPEN_THRIFT in said
    assert services.OPEN_THRIFT in services.addresses(instance)["spark_thrift"]
    jars = Path(pyspark.__file__).parent / "jars" / "*"
    url = f"jdbc:hive2://127.0.0.1:{instance.ports.spark_thrift}/ref"
    command = [str(java.find().program), "-cp", str(jars), "org.apache.hive.beeline.BeeLine", "-u", url, "-n", "huiliu", "--silent=true"]
    count = "select count(distinct region_code) as regions from ref.region where level = 'grid'"
    shown = subprocess.run([*command, "--outputformat=csv2", "-e", count], capture_output=True, text=True, timeout=120, check=True).stdout
    grids = {region.code for region in load_regions(instance.city_folder).versions if region.level == "grid"}
    header, answer = [line for line in shown.splitlines() if line.strip()][-2:]
    assert (header.split()[-1], answer) == ("regions", str(len(grids)))  # Beeline prints a prompt before the header
