"""The sample's API server over a database of its own, in a thread of the test run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from infra.local.keys import API_CLIENTS
from sample_city.feed.api_server import Database, Desk, Server


@dataclass(frozen=True)
class Answering:
    """Where an API answers and the credentials it knows (`id:secret`)."""

    address: str
    secret: str


@contextmanager
def sample_api(database: str, keys: Path) -> Iterator[dict[str, Answering]]:
    """Yield the APIs by the name of their connection; the server answers until the block ends."""
    with Server(0, Database(database), Desk(keys)) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield {name: Answering(address, (keys / f"{name}.client").read_text("utf-8").strip()) for name in API_CLIENTS}
        finally:
            server.shutdown()
            thread.join()
