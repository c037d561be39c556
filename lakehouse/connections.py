"""Returns database URLs by connection name: from the environment, or else a database of the instance's own server."""

from __future__ import annotations

import os

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

OPERATIONAL = "huiliu"
DRIVER = "postgresql+psycopg"


def connection_url(instance: Instance, name: str) -> URL:
    """Returns the URL of a named connection.

    `HUILIU_CONNECTION_<NAME>` decides where it is set; without it the name is a database of the instance's own server.

    Raises:
        ConfigError: the variable is no PostgreSQL URL, or the instance has no password yet.
    """
    variable = f"HUILIU_CONNECTION_{name.upper()}"
    declared = os.environ.get(variable)
    if declared:
        return _declared(variable, declared)
    password = instance.key_path("postgres.password")
    if not password.is_file():
        found = "the instance has no PostgreSQL password yet (keys/postgres.password is missing)."
        raise ConfigError(Problem(f"connection {name}", found, f"{variable} or a started instance", "run `huiliu up`.").text())
    secret = password.read_text("utf-8").strip()
    return URL.create(DRIVER, "huiliu", secret, "127.0.0.1", instance.ports.postgres, name)


def _declared(variable: str, text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        problem = Problem(variable, "is not the URL of a PostgreSQL database.", "postgresql://user:password@host:port/database")
        raise ConfigError(problem.text())
    return url.set(drivername=DRIVER)
