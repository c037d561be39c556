"""Serve the city's paged HTTP APIs from the tables of its source database, with bearer tokens and, if ordered, with faults.

Run by the supervisor: `python -m sample_city.feed.api_server --port P --database VARIABLE --clients FOLDER`; the variable holds the URL of
the database, the folder holds `<name>.client` files (`id:secret`).
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, cast
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from sample_city.feed.api_faults import FAULTS, Page, Reply
from sample_city.sources.inventory import served

HOST = "127.0.0.1"
TABLES = served()  # by path
TOKEN_SECONDS = 600
LARGEST_PAGE = 5000
LARGEST_BODY = 10_000


@dataclass(frozen=True)
class Window:
    """A parsed request: path, window of update times (half-open), page number and page size."""

    path: str
    since: datetime | None
    until: datetime
    page: int
    size: int

    @property
    def business_date(self) -> date:
        """Return the last day of the window."""
        return (self.until - timedelta(seconds=1)).date()


class Source(Protocol):
    """Where the rows and the fault orders come from."""

    def rows(self, window: Window) -> tuple[int, list[dict[str, Any]]]:
        """Return how many rows the whole window has, and the rows of the page."""

    def fault(self, window: Window) -> str | None:
        """Return the fault to produce, or None."""


class Database:
    """The tables of the source database; each request opens a connection."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, window: Window) -> tuple[int, list[dict[str, Any]]]:
        """Return the rows of a page, in the order of all columns' texts, so that pages never overlap."""
        table = sql.Identifier(TABLES[window.path])
        within = sql.SQL(" FROM {} WHERE (update_time < %(until)s AND (%(since)s::timestamp IS NULL OR update_time >= %(since)s))").format(
            table
        )
        values = {"since": window.since, "until": window.until, "size": window.size, "skipped": (window.page - 1) * window.size}
        with psycopg.connect(self._url, row_factory=dict_row, options="-c datestyle=ISO") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            total = connection.execute(sql.SQL("SELECT count(*) AS total") + within, values).fetchone()
            columns = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(table)).description or []
            texts = [sql.SQL("{}::text").format(sql.Identifier(column.name)) for column in columns]
            ordered = sql.SQL(" ORDER BY update_time, {} LIMIT %(size)s OFFSET %(skipped)s").format(
                sql.SQL(", ").join(sql.SQL('{} COLLATE "C"').format(text) for text in texts)
            )
            rows = connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(texts)) + within + ordered, values).fetchall()
        return (total or {"total": 0})["total"], rows

    def fault(self, window: Window) -> str | None:
        """Return the fault that `sample_city.api_fault` orders for the path and the last day of the window."""
        query = "SELECT fault FROM sample_city.api_fault WHERE path = %s AND updated_to = %s"
        with psycopg.connect(self._url) as connection:
            if connection.execute("SELECT to_regclass('sample_city.api_fault')").fetchone() == (None,):
                return None
            found = connection.execute(query, (window.path, window.business_date)).fetchone()
        return found[0] if found else None


@dataclass
class Desk:
    """Issue tokens to known clients, check them, and count how often each fault has been produced."""

    clients: Path
    token_seconds: int = TOKEN_SECONDS
    _tokens: dict[str, float] = field(default_factory=dict)
    _played: dict[tuple[str, str, date], int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def token(self, client: str) -> str | None:
        """Return a fresh token for a client's `id:secret`, or None."""
        known = [path.read_text("utf-8").strip() for path in sorted(self.clients.glob("*.client"))]
        if not any(hmac.compare_digest(client.encode(), one.encode()) for one in known):
            return None
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = time.monotonic() + self.token_seconds
        return token

    def is_good(self, header: str) -> bool:
        """Return whether an Authorization header bears a token that has not expired."""
        return self._tokens.get(header.removeprefix("Bearer "), 0.0) > time.monotonic()

    def revoke(self, header: str) -> None:
        """Make a token expire now."""
        with self._lock:
            self._tokens.pop(header.removeprefix("Bearer "), None)

    def times_played(self, fault: str, window: Window) -> int:
        """Return how often a fault has been produced for a window before, and count this time."""
        with self._lock:
            key = (fault, window.path, window.business_date)
            self._played[key] = self._played.get(key, 0) + 1
            return self._played[key] - 1


class Server(ThreadingHTTPServer):
    """The HTTP server; port 0 takes any free one."""

    daemon_threads = True

    def __init__(self, port: int, source: Source, desk: Desk) -> None:
        super().__init__((HOST, port), Handler)
        self.source, self.desk = source, desk

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: a client that closes the connection is no error."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a client; nothing is logged, because addresses hold nothing of interest and bodies are data."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self) -> None:
        """Answer `POST /token`."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY))
        try:
            asked = json.loads(body)
            client = f"{asked['client_id']}:{asked['client_secret']}"
        except (ValueError, KeyError, TypeError):
            return self._send(Reply.error(400, "malformed"))
        token = self._desk.token(client) if urlsplit(self.path).path == "/token" else None
        if token is None:
            return self._send(Reply.error(401, "unknown client"))
        return self._send(Reply(200, json.dumps({"access_token": token, "expires_in": self._desk.token_seconds}).encode()))

    def do_GET(self) -> None:
        """Answer `/health`, or a page with the correct answer or the ordered fault."""
        if self.path == "/health":
            return self._send(Reply(200, b'{"status": "ok"}'))
        authorization = self.headers.get("Authorization", "")
        if not self._desk.is_good(authorization):
            return self._send(Reply.error(401, "token expired"))
        try:
            window = _window(self.path)
            fault = self._server.source.fault(window)
            page = Page(window.page, window.size, *self._server.source.rows(window))
        except (KeyError, ValueError):
            return self._send(Reply.error(400, "malformed request"))
        except psycopg.Error:
            return self._send(Reply.error(503, "no data"))
        if fault is None:
            return self._send(Reply.of_page(page))
        if fault == "expired_token":
            self._desk.revoke(authorization)
        if fault == "repeated_page":
            page = Page(window.page, window.size, *self._server.source.rows(_first_page(window)))
        return self._send(FAULTS[fault](page, self._desk.times_played(fault, window)))

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    @property
    def _server(self) -> Server:
        return cast("Server", self.server)

    @property
    def _desk(self) -> Desk:
        return self._server.desk

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in reply.parts():
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:  # the client has closed the connection
            self.close_connection = True
        self.close_connection = self.close_connection or reply.is_cut


def _first_page(window: Window) -> Window:
    return Window(window.path, window.since, window.until, 1, window.size)


def _window(target: str) -> Window:
    """Parse the target of a request; raise KeyError or ValueError when it is wrong."""
    parts = urlsplit(target)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.path not in TABLES:
        raise KeyError(parts.path)
    page, size = int(asked["page"]), int(asked["page_size"])
    if page < 1 or not 1 <= size <= LARGEST_PAGE:
        raise ValueError(target)
    since = asked.get("updated_from")
    return Window(parts.path, datetime.fromisoformat(since) if since else None, datetime.fromisoformat(asked["updated_to"]), page, size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(description="The sample city's paged APIs.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True, help="the environment variable that holds the database's URL")
    parser.add_argument("--clients", type=Path, required=True, help="the folder of <name>.client files")
    given = parser.parse_args(arguments)
    with Server(given.port, Database(os.environ[given.database]), Desk(given.clients)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
