"""Fixtures with real servers: one tiny instance per test run, and fresh homes on its servers."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from application import services
from infra.local import minio, postgres, spark
from infra.local.ports import DEFAULTS
from lakehouse import ops
from lakehouse.config import AREAS, Instance
from lakehouse.objects import minio_access
from tests.plugin.apis import sample_api
from tests.plugin.keys import place_keys

DATABASES = ("huiliu", "source_city")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return the one instance whose PostgreSQL and Spark all tests share (tiny city, free ports), started by `huiliu up`'s own code."""
    with pytest.MonkeyPatch.context() as environment:
        instance = tiny_instance(environment, tmp_path_factory.mktemp("servers"))
        place_keys(instance)
        try:
            services.start(instance, ("postgres", "spark"), quiet=True)
            yield instance
            family = processes(instance)
        finally:
            _close_sessions()
            services.stop(instance)
        assert alive(family) == []


@pytest.fixture(scope="session")
def city(servers: Instance) -> Instance:
    """Return the same instance with Airflow running too; its home is the one Airflow's tasks work in."""
    services.start(servers, quiet=True)
    return servers


@pytest.fixture
def instance(servers: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Return a fresh home on the shared servers for one test: empty store, empty databases, empty Spark catalog."""
    with fresh_home(servers, tmp_path / "home") as fresh:
        yield fresh


@pytest.fixture(scope="session")
def object_store(servers: Instance) -> Instance:
    """Return the same instance with its object store server running too; the instance itself keeps its folder."""
    services.start(servers, ("minio",), quiet=True)
    return servers


@pytest.fixture(scope="module")
def module_instance(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a fresh home that all tests of a module share; do not mix it with `instance` in one module."""
    with fresh_home(servers, tmp_path_factory.mktemp("module") / "home") as fresh:
        yield fresh


def processes(instance: Instance) -> list[psutil.Process]:
    """Return the supervisor of an instance and all its descendants."""
    leader = psutil.Process(int((instance.home / "run" / "supervisord.pid").read_text()))
    return [leader, *leader.children(recursive=True)]


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that still run."""
    left = []
    for process in family:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
    return left


def tiny_instance(environment: pytest.MonkeyPatch, home: Path) -> Instance:
    """Return an instance of the tiny city in a new home, on free ports; nothing is started."""
    for name in [name for name in os.environ if name.startswith("HUILIU_")]:
        environment.delenv(name)
    environment.setenv("HUILIU_HOME", str(home))
    environment.setenv("HUILIU_CITY", "tiny")
    for name in DEFAULTS:
        environment.setenv(f"HUILIU_PORT_{name.upper()}", "0")
    return Instance()


@contextmanager
def fresh_home(servers: Instance, home: Path, in_buckets: bool = False) -> Iterator[Instance]:
    """Return an instance with a home, keys, store and databases of its own on running servers.

    `in_buckets`: its store are three new buckets of the object store server, found as any S3 store is, by the environment.
    """
    suffix = uuid.uuid4().hex[:8]
    home.mkdir(parents=True)
    state = json.loads((servers.home / "instance.json").read_text())
    (home / "instance.json").write_text(json.dumps({"ports": state["ports"]}))
    shutil.copytree(servers.home / "keys", home / "keys")
    with pytest.MonkeyPatch.context() as environment, _databases(servers, suffix) as urls, ExitStack() as apis:
        environment.setenv("HUILIU_HOME", str(home))
        if in_buckets:
            environment.setenv("HUILIU_STORE", f"s3://t{suffix}-{{area}}")
            for name, value in minio_access(servers).items():
                environment.setenv(name, value)
        for name, url in urls.items():
            environment.setenv(f"HUILIU_CONNECTION_{name.upper()}", url)
        for name, value in apis.enter_context(sample_api(urls["source_city"], home / "keys")).items():
            environment.setenv(name, value)
        fresh = Instance()
        forget_tables(servers)
        ops.migrate(fresh)
        if in_buckets:
            minio.prepare(fresh, [fresh.bucket(area) for area in AREAS])
        try:
            yield fresh
        finally:
            forget_tables(servers)


def forget_tables(servers: Instance) -> None:
    """Remove the current lake's tables from Spark's catalog, which all homes share; the next session registers its own."""
    from pyspark.sql import SparkSession

    from spark_jobs.lake import storage

    catalog = SparkSession.builder.remote(spark.remote(servers)).create()
    try:
        storage.detach(catalog)
    finally:
        catalog.stop()


def _close_sessions() -> None:
    """Close this process's Spark sessions while the server still runs."""
    from spark_jobs.lake import session

    session.close_sessions()


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
