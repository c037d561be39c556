"""Look up a connection by name: a database URL, or an API's address and credentials. The environment takes precedence."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

OPERATIONAL = "huiliu"
DRIVER = "postgresql+psycopg"


@dataclass(frozen=True)
class ApiEndpoint:
    """An API: the URL its paths are appended to, and our client id and secret there. The secret is never printed."""

    name: str
    base: str
    client_id: str
    client_secret: str = field(repr=False)


def connection_url(instance: Instance, name: str) -> URL:
    """Return the URL of a named database.

    `HUILIU_CONNECTION_<NAME>` decides where it is set; without it the name is a database of the instance's own server.

    Raises:
        ConfigError: the variable is no PostgreSQL URL, or the instance has no password yet.
    """
    variable = _variable(name)
    declared = instance.settings.connections.get(name)
    if declared:
        return _declared(variable, declared)
    password = instance.key_path("postgres.password")
    if not password.is_file():
        found = "the instance has no PostgreSQL password yet (keys/postgres.password is missing)."
        raise ConfigError(Problem(f"connection {name}", found, f"{variable} or a started instance", "run `huiliu up`.").text())
    secret = password.read_text("utf-8").strip()
    return URL.create(DRIVER, "huiliu", secret, "127.0.0.1", instance.ports.postgres, name)


def api_endpoint(instance: Instance, name: str) -> ApiEndpoint:
    """Return the address of a named API and our credentials there.

    `HUILIU_CONNECTION_<NAME>` and `HUILIU_SECRET_<NAME>` (`id:secret`) decide where they are set; without them it is the sample's own
    server with `keys/<name>.client`. The sample's credentials are never sent to another server.

    Raises:
        ConfigError: the address is no plain HTTP URL, or the credentials are missing or malformed.
    """
    variable, secret = _variable(name), f"HUILIU_SECRET_{name.upper()}"
    declared = instance.settings.connections.get(name)
    key = instance.key_path(f"{name}.client")
    credentials = instance.settings.secrets.get(name) or (key.read_text("utf-8").strip() if key.is_file() and not declared else "")
    client, separator, password = credentials.partition(":")
    if not (client and separator and password):
        allowed = "client id and secret as `id:secret`" if declared else f"{secret}, or the sample's key keys/{name}.client"
        found = "there are no credentials for this API, or they are not `id:secret`."
        raise ConfigError(Problem(f"connection {name}", found, allowed, f"set {secret}.").text())
    base = _http_base(variable, declared) if declared else f"http://127.0.0.1:{instance.ports.sample_api}"
    return ApiEndpoint(name, base, client, password)


def _variable(name: str) -> str:
    return f"HUILIU_CONNECTION_{name.upper()}"


def _http_base(variable: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        problem = Problem(variable, "is not the address of an API.", "http://host:port/path or https://…, without user, query or fragment")
        raise ConfigError(problem.text())
    return text.rstrip("/")


def _declared(variable: str, text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        problem = Problem(variable, "is not the URL of a PostgreSQL database.", "postgresql://user:password@host:port/database")
        raise ConfigError(problem.text())
    return url.set(drivername=DRIVER)
