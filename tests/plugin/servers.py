"""Real servers for the tests: one tiny instance per process of the suite, fresh homes on its servers, and the city that lived three days.

A home has databases, keys and a store of its own; PostgreSQL and Spark are shared. Spark serves one lake at a time, so whoever uses a home
says so (`serving`); no test depends on which lake was served before.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from application import services
from infra.local import ports, postgres, session
from infra.local.programs import COMPONENTS
from lakehouse import ops
from lakehouse.config import PROJECT, Instance, Settings
from lakehouse.errors import ConfigError
from tests.plugin.apis import sample_api
from tests.plugin.keys import place_keys

DATABASES = ("huiliu", "source_city")
SERVERS = ("postgres", "minio", "spark")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what processes of an interrupted suite left behind: they are killed before they can stop their servers."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        return
    for home in config._tmp_path_factory.getbasetemp().glob("popen-*/servers*"):  # type: ignore[attr-defined]
        session.end(Instance(settings(home=home)))


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return the one instance whose servers all tests of this process share (tiny city, its own store in buckets, free ports)."""
    with _started(tiny_instance(tmp_path_factory.mktemp("servers"), store="minio"), SERVERS) as instance:
        yield instance


@pytest.fixture(scope="module")
def city(servers: Instance) -> Iterator[Instance]:
    """Return the servers' own home, which no other test uses, with Airflow and the sample API; both are stopped after the module."""
    forget_tables(servers)
    services.start(servers)
    family = processes(servers)
    try:
        yield servers
    finally:
        _close_sessions()
        services.stop(servers, tuple(name for name in COMPONENTS if name not in SERVERS))
        forget_tables(servers)
    assert not [process for process in alive(family) if "airflow" in " ".join(process.cmdline())]


@pytest.fixture
def instance(servers: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Return a fresh home on the shared servers for one test: empty store, empty databases, empty Spark catalog."""
    with fresh_home(servers, tmp_path / "home") as fresh, at(fresh):
        yield fresh


@pytest.fixture(scope="module")
def module_instance(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a fresh home that all tests of a module share; do not mix it with `instance` in one module."""
    with fresh_home(servers, tmp_path_factory.mktemp("module") / "home") as fresh, at(fresh):
        yield fresh


@contextmanager
def _started(instance: Instance, components: tuple[str, ...]) -> Iterator[Instance]:
    place_keys(instance)
    family: list[psutil.Process] = []
    try:
        services.start(instance, components)
        yield instance
        family = processes(instance)
    finally:
        _close_sessions()
        services.stop(instance)
    assert alive(family) == []


def processes(instance: Instance) -> list[psutil.Process]:
    """Return the supervisor of an instance and all its descendants."""
    leader = psutil.Process(int((instance.home / "run" / "supervisord.pid").read_text()))
    return [leader, *leader.children(recursive=True)]


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that still run."""
    return [process for process in family if session.lives(process)]


def tiny_instance(home: Path, **given: object) -> Instance:
    """Return an instance of the tiny city in a new home, on free ports; nothing is started, the environment is not asked."""
    home.mkdir(parents=True, exist_ok=True)
    instance = Instance(settings(home=home, **given))
    ports.ensure(instance, dict.fromkeys(map(ports.variable, ports.DEFAULTS), "0"))
    return instance


def settings(**given: object) -> Settings:
    """Return settings of the tiny city that do not depend on the environment the suite was started in."""
    folders = {name: PROJECT / name for name in ("contracts", "cities", "dbt_project")}
    return Settings(
        **{"city": "tiny", **folders, "store": "", "spark_warmup": False, "connections": {}, "secrets": {}, "openlineage_url": "", **given}
    )


def changed(instance: Instance, **given: object) -> Instance:
    """Return the same instance with other settings."""
    return Instance(instance.settings.model_copy(update=given))


@contextmanager
def at(instance: Instance) -> Iterator[None]:
    """Let the environment name this instance: for the command line, in this process and in others."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("HUILIU_")]:
            environment.delenv(name)
        for name, value in instance.settings.environment().items():
            environment.setenv(name, value)
        yield


@contextmanager
def fresh_home(servers: Instance, home: Path, city: str = "tiny") -> Iterator[Instance]:
    """Yield an instance of a city with a home, keys, store and databases of its own on running servers; Spark serves its lake."""
    suffix = uuid.uuid4().hex[:8]
    home.mkdir(parents=True, exist_ok=True)
    state = json.loads((servers.home / "instance.json").read_text())
    (home / "instance.json").write_text(json.dumps({"ports": state["ports"]}))
    shutil.copytree(servers.home / "keys", home / "keys")
    with _databases(servers, suffix) as urls, sample_api(urls["source_city"], home / "keys") as answering:
        connections = urls | {name: one.address for name, one in answering.items()}
        secrets = {name: one.secret for name, one in answering.items()}
        fresh = Instance(settings(home=home, city=city, connections=connections, secrets=secrets))
        ops.migrate(fresh)
        forget_tables(servers)
        try:
            yield fresh
        finally:
            forget_tables(servers)


@contextmanager
def serving(instance: Instance) -> Iterator[None]:
    """Let Spark serve the lake of a home, whichever it served before."""
    from spark_jobs.lake.session import open_session

    try:
        open_session(instance)
    except ConfigError:
        forget_tables(instance)
        open_session(instance)
    yield


def forget_tables(servers: Instance) -> None:
    """Remove the current lake's tables from Spark's catalog, which all homes share; the next session registers its own."""
    from pyspark.sql import SparkSession

    from spark_jobs.lake import storage
    from spark_jobs.lake.session import remote_with_token

    catalog = SparkSession.builder.remote(remote_with_token(servers)).create()
    try:
        storage.detach(catalog)
    finally:
        catalog.stop()


def _close_sessions() -> None:
    """Close this process's Spark sessions while the server still runs."""
    from spark_jobs.lake.session import close_sessions

    close_sessions()


@contextmanager
def _databases(servers: Instance, suffix: str) -> Iterator[dict[str, str]]:
    names = {name: f"{name}_{suffix}" for name in DATABASES}
    with psycopg.connect(postgres.dsn(servers, "postgres"), autocommit=True) as connection:
        for name in names.values():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    yield {name: postgres.dsn(servers, database) for name, database in names.items()}
    with psycopg.connect(postgres.dsn(servers, "postgres"), autocommit=True) as connection:
        for name in names.values():
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
