"""Run the sample's API server in a thread, with a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from infra.local.keys import API_CLIENTS
from sample_city.feed.api_server import Database, Desk, Server


@contextmanager
def sample_api(database: str, keys: Path) -> Iterator[dict[str, str]]:
    """Yield the environment variables for a server that answers until the block ends."""
    with Server(0, Database(database), Desk(keys)) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        secrets = {f"HUILIU_SECRET_{name.upper()}": (keys / f"{name}.client").read_text("utf-8") for name in API_CLIENTS}
        try:
            yield secrets | {f"HUILIU_CONNECTION_{name.upper()}": address for name in API_CLIENTS}
        finally:
            server.shutdown()
            thread.join()
