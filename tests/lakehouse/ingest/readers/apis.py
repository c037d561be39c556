"""Real HTTP servers for the tests of the API reader, and the contract that asks them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lakehouse.connections import ApiEndpoint
from lakehouse.contracts.model import Contract
from lakehouse.ingest.readers.api_client import Limits
from lakehouse.ingest.readers.window import Window
from tests.lakehouse.ingest.readers.contract import contract

SECRET = "a-secret-nobody-may-read"
PATH = "/residence-permits"
QUICK = Limits(answer_seconds=2.0, first_wait_seconds=0.01, longest_wait_seconds=2.0)
FIRST = Window(None, date(2026, 6, 1), "Asia/Shanghai")
TOKEN = {"access_token": "t", "expires_in": 60}
Answer = Callable[[Mapping[str, str]], Mapping[str, Any]]


def of_api(**changes: Any) -> Contract:
    """Return the contract of an API with a key `a` and a watermark `b`, two rows a page."""
    source = {"kind": "api", "connection": "city_api", "path": PATH, "watermark": "b", "pageSize": 2, **changes}
    return contract("csv", "a", "b", source=source)


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """Yield the address of a server that answers until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(answer: Answer, token: Mapping[str, Any] | None = None) -> Iterator[ApiEndpoint]:
    """Serve an API whose pages are what `answer` makes of the parameters of a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._send(token or TOKEN)

        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._send({"code": 0, "data": answer(asked)})

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

        def _send(self, said: Mapping[str, Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield ApiEndpoint("city_api", address, "huiliu", SECRET)
