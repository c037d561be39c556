"""A JDBC client reads tables of an instance that was started to let anybody in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest

from application import services
from infra.local import java
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from tests.plugin.servers import at, tiny_instance

pytestmark = pytest.mark.e2e
HUILIU = Path(sys.executable).with_name("huiliu")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Instance, str]]:
    """Return an instance of its own with Thrift, and what the command said that started it."""
    instance = tiny_instance(tmp_path / "home")
    with at(instance):
        try:
            up = subprocess.run(
                [HUILIU, "up", "--thrift", "--only", "postgres,spark"], capture_output=True, text=True, check=True, timeout=300
            )
            yield instance, up.stdout
        finally:
            services.stop(instance)


def test_a_jdbc_client_is_let_in_when_thrift_was_asked_for(opened: tuple[Instance, str]) -> None:
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
