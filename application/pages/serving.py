"""Serve the pages of an instance on this machine: read-only, and only what a list names; all else is not found.

Packages, keys and landing lie outside of the folder the pages are in, and no address leads out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.util import FileWrapper

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

START = "docs/start.html"
METRICS = "/metrics"
DATA_DOCS = "gx/uncommitted/data_docs/local_site"
NAME = r"[\w+-][\w.+-]*"  # no slash, no leading dot
PAGES = rf"(?:docs|docs/handbook/{NAME}|report|{DATA_DOCS}(?:/{NAME})*)/{NAME}\.html|report/{NAME}\.json"
SERVED = re.compile(rf"{PAGES}|docs/handbook/{NAME}/pictures/{NAME}\.png")
TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json; charset=utf-8", ".png": "image/png"}
# A page of another site must not read these through a name of its own that leads to this machine.
HOSTS = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d+)?")
# The pages hold all they need; dbt's are made by its own script, which builds functions from text.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src 'self' data:; font-src data:"
HEADERS = (
    ("Content-Security-Policy", f"{POLICY}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-cache"),
)
NOT_FOUND = "没有这一页；起始页：/ \nThere is no such page; the start page: /\n"
NOT_WRITTEN = "起始页尚未生成：huiliu docs\nThe start page is not written yet: huiliu docs\n"


class Server(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own, so that none waits for another."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Keeps no log of requests and waits for none of them for ever."""

    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def start(host: str, port: int, application: WSGIApplication) -> tuple[Server, Thread]:
    """Start to answer requests in a thread, and return the server and the thread."""
    server = make_server(host, port, application, Server, Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    return server, thread


def served(folder: Path, metrics: WSGIApplication) -> WSGIApplication:
    """Return what answers requests: the pages below a folder, and metrics at their address."""

    def answer(environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == METRICS:
            return metrics(environ, respond)
        if not HOSTS.fullmatch(environ.get("HTTP_HOST", "")):
            return _told(environ, respond, "403 Forbidden", "127.0.0.1, localhost\n")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _told(environ, respond, "405 Method Not Allowed", "GET, HEAD\n", ("Allow", "GET, HEAD"))
        if environ["PATH_INFO"] == "/":
            return _told(environ, respond, "302 Found", "", ("Location", f"/{START}"))
        return _page(folder, environ, respond)

    return answer


def find(folder: Path, path: str) -> Path | None:
    """Return the file of a page below a folder, None where the path names no page; a link in its place is none."""
    if not SERVED.fullmatch(path):
        return None
    file = folder.resolve() / path
    return file if file.is_file() and file.resolve() == file else None


def _page(folder: Path, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
    try:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8").removeprefix("/")  # as WSGI passes it
    except UnicodeError:
        path = ""
    file = find(folder, path)
    if file is None:
        return _told(environ, respond, "404 Not Found", NOT_WRITTEN if path == START else NOT_FOUND)
    headers = [("Content-Type", TYPES[file.suffix]), ("Content-Length", str(file.stat().st_size)), *HEADERS]
    respond("200 OK", headers)
    return FileWrapper(file.open("rb")) if environ["REQUEST_METHOD"] == "GET" else ()


def _told(environ: WSGIEnvironment, respond: StartResponse, status: str, text: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    body = text.encode()
    told = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *HEADERS, *headers]
    respond(status, told)
    return (body,) if environ["REQUEST_METHOD"] != "HEAD" else ()
