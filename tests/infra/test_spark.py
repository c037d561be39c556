"""Who is let into Spark: Connect asks for a token that nobody sees; Thrift, which asks for nothing, runs only when asked for."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from application import services
from infra.local import keys, spark
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session, remote, remote_with_token
from spark_jobs.lake.tables import TableShape
from tests.infra.modes import assert_closed
from tests.plugin.servers import alive, changed, processes, tiny_instance


@pytest.mark.fast
def test_thrift_is_off_by_default(tmp_path: Path) -> None:
    default = tiny_instance(tmp_path)
    keys.ensure(default)
    asked = changed(default, thrift=True)
    for instance, thrift in ((default, False), (asked, True)):
        application = spark.programs(instance)[0]
        assert (spark.THRIFT_SERVER in application.command, spark.CONNECT_SERVER in application.command) == (thrift, not thrift)
        assert any("hive.server2.thrift.port" in part for part in application.command) is thrift
        assert any("SparkConnectPlugin" in part for part in application.command) is thrift


@pytest.mark.fast
def test_no_program_is_given_the_token_as_an_argument(tmp_path: Path) -> None:
    instance = tiny_instance(tmp_path, spark_warmup=True)
    keys.ensure(instance)
    token = keys.read(instance, "spark.token")
    programs = spark.programs(instance)
    assert [program.environment[spark.TOKEN] for program in programs] == [token, token]
    assert not [part for program in programs for part in program.command if token in part]
    assert not [value for value in spark.configuration(instance).values() if token in value]


@pytest.mark.spark
def test_connect_lets_in_only_who_has_the_token(instance: Instance) -> None:
    for address in (remote(instance), f"{remote(instance)}/;token=guessed"):
        stranger = SparkSession.builder.remote(address).create()
        with pytest.raises(PySparkException, match="UNAUTHENTICATED"):
            stranger.sql("select 1").collect()
        stranger.stop()  # else it stays the session that dbt and Great Expectations find in this process
    session = SparkSession.builder.remote(remote_with_token(instance)).create()
    assert session.sql("select 1 as one").collect()[0].one == 1
    session.stop()


@pytest.mark.spark
def test_the_token_is_shown_nowhere(instance: Instance, servers: Instance) -> None:
    token = keys.read(servers, "spark.token")
    session = open_session(instance)
    assert token not in str(session.sql("set").collect())
    assert token not in remote(instance)
    assert token not in str(services.addresses(servers))
    assert not [one for one in alive(processes(servers)) if token in " ".join(one.cmdline())]
    page = f"http://127.0.0.1:{servers.ports.spark_ui}"
    [application] = httpx.get(f"{page}/api/v1/applications", trust_env=False).json()
    for place in ("/environment/", "/connect/", "/SQL/", f"/api/v1/applications/{application['id']}/environment"):
        answer = httpx.get(page + place, trust_env=False)
        assert answer.is_success, place
        assert token not in answer.text, place
    assert not [path for path in (servers.home / "logs").rglob("*") if path.is_file() and token in path.read_text("utf-8", "replace")]


@pytest.mark.spark
def test_nobody_is_let_in_by_thrift_unless_it_was_asked_for(servers: Instance) -> None:
    assert not spark.serves_thrift(servers)
    assert "spark_thrift" not in services.addresses(servers)
    with pytest.raises(ConfigError, match="Spark runs without Thrift"):
        services.start(changed(servers, thrift=True), ("spark",))


@pytest.mark.spark
def test_what_servers_write_into_folders_and_buckets_is_their_users_alone(instance: Instance, servers: Instance) -> None:
    spark_ = open_session(instance)
    storage.ensure_table(spark_, instance, TableShape("base.person", (("person_name", "string"),)))
    spark_.sql("insert into base.person values ('a'), ('b')")
    assert any((instance.home / "store" / "lake" / "base" / "person").glob("*.parquet"))
    assert any((servers.home / "minio").iterdir())
    assert_closed(instance.home)
    assert_closed(servers.home)
