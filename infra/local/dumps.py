"""Dump a schema of a PostgreSQL database to a file, and put it back, with PostgreSQL's own tools."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from infra.local import postgres
from lakehouse.errors import ConfigError, Problem


def dump(url: URL, schema: str, target: Path) -> None:
    """Write a schema with all its rows, as of one moment, to a file in PostgreSQL's custom format.

    Raises:
        ConfigError: pg_dump failed.
    """
    _run("pg_dump", url, ("--format=custom", f"--schema={schema}", "--no-owner", "--no-privileges", f"--file={target}"))


def load(url: URL, schema: str, source: Path) -> None:
    """Put a dumped schema in the place of the one that stands; that one is kept aside until this has succeeded, else it stands again.

    Raises:
        ConfigError: pg_restore failed, or somebody is using the schema; it is as it was before.
    """
    aside = f"{schema}_before_restore"
    with _connected(url) as connection:
        _drop(connection, aside)
        if _exists(connection, schema):
            connection.execute(sql.SQL("alter schema {} rename to {}").format(sql.Identifier(schema), sql.Identifier(aside)))
    try:
        _run("pg_restore", url, ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(source)))
    except ConfigError:
        with _connected(url) as connection:
            _drop(connection, schema)
            if _exists(connection, aside):
                connection.execute(sql.SQL("alter schema {} rename to {}").format(sql.Identifier(aside), sql.Identifier(schema)))
        raise
    with _connected(url) as connection:
        _drop(connection, aside)


def has_tables(url: URL, schema: str) -> bool:
    """Return whether a schema has any table."""
    with _connected(url) as connection:
        found = connection.execute("select exists (select 1 from pg_tables where schemaname = %s)", (schema,)).fetchone()
    return bool(found and found[0])


def _connected(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    """Return a connection; waiting for a lock that a service holds ends after a while."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, connect_timeout=10, options="-c lock_timeout=20s")


def _exists(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> bool:
    return connection.execute("select 1 from pg_namespace where nspname = %s", (schema,)).fetchone() is not None


def _drop(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> None:
    connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))


def _run(tool: str, url: URL, arguments: Sequence[str]) -> None:
    """Run a tool on a database; the password is in no list of processes, and of its messages only the first lines of errors are told."""
    settings = {name: values[-1] for name, values in url.normalized_query.items()}
    address = make_conninfo(host=url.host, port=url.port, user=url.username, dbname=url.database, **settings)
    command = [str(postgres.program_path(tool)), "--dbname", address, "--no-password", *arguments]
    variables = {**os.environ, "PGPASSWORD": url.password or "", "PGCONNECT_TIMEOUT": "10"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith(f"{tool}: error:")]
        found = "it failed:\n  " + "\n  ".join(said[:3] or ["without a message"])
        fix = "check that the database answers and that its server is no newer than the tool."
        raise ConfigError(Problem(f"{tool} of {url.host}:{url.port}/{url.database}", found, "", fix).text())
