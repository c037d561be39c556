"""Where a channel leads and the secret it uses; both stand in the environment, because the addresses of robots are secrets too."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lakehouse.config import CONNECTION, SECRET, Instance
from lakehouse.errors import ConfigError, Problem

SCHEMES = {"mail": ("smtps", "smtp+starttls", "smtp")}
WEB = ("https", "http")
NEEDS_SECRET = ("webhook",)


@dataclass(frozen=True)
class Target:
    """A channel's address and secret; neither is ever printed."""

    connection: str
    url: str = field(repr=False)
    secret: str = field(repr=False)


def load_target(instance: Instance, kind: str, connection: str) -> Target:
    """Return the address of a channel of a kind.

    Raises:
        ConfigError: the variable is missing or no address of this kind, or the secret is missing.
    """
    variable, schemes = f"{CONNECTION}{connection.upper()}", SCHEMES.get(kind, WEB)
    url, secret = (given.get(connection, "") for given in (instance.settings.connections, instance.settings.secrets))
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and (parts.port or 1) > 0
    except ValueError:
        is_right = False
    if not is_right:
        found = f"is not the address of a {kind}." if url else "is not set."
        raise ConfigError(Problem(variable, found, ", ".join(f"{one}://…" for one in schemes), "set it where `huiliu up` is run.").text())
    if not secret and kind in NEEDS_SECRET:
        problem = Problem(f"{SECRET}{connection.upper()}", "is not set, so messages could not be signed.", "", "set it.")
        raise ConfigError(problem.text())
    return Target(connection, url, secret)
