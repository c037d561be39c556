"""The telemetry program of an instance: it serves the metrics and the pages, and sends the OpenLineage events that jobs have kept.

Jobs only write to files, so none of them waits for a receiver, and what was written while one was down is sent when it is back.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from application.metrics import registry
from application.pages import serving
from lakehouse.config import Instance
from lakehouse.telemetry import outbox
from lakehouse.telemetry.outbox import Pending

LOG = logging.getLogger("huiliu.telemetry")
HOST = "127.0.0.1"
RECEIVER = "openlineage"  # as the settings name its secret
PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
PATIENCE_SECONDS = 10.0
TRY_AGAIN = (401, 403, 404, 408, 429)  # the receiver or its address is wrong, not the event


@dataclass
class Receiver:
    """Sends kept events to the address of `HUILIU_OPENLINEAGE_URL`, in order, each at least once."""

    instance: Instance
    is_down: bool = False

    def send(self) -> bool:
        """Send what waits; return whether the receiver took it all. That it is down is told once, until it answers again."""
        key = self.instance.settings.secrets.get(RECEIVER)
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        with httpx.Client(headers=headers, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            for event in outbox.pending(self.instance):
                if (reason := self._post(client, event)) is not None:
                    self._tell(reason)
                    return False
                outbox.record_sent(self.instance, event)
                if self.is_down:
                    self.is_down = False
                    LOG.info("OpenLineage: the receiver answers again; what was kept is sent")
        return True

    def _post(self, client: httpx.Client, event: Pending) -> str | None:
        """Return why an event has to wait, None if it was taken; one that the receiver does not want is left behind, and told."""
        try:
            status = client.post(self.instance.settings.openlineage_url, content=event.line).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        if status >= 500 or status in TRY_AGAIN:
            return f"HTTP {status}"
        if status >= 300:
            LOG.warning("OpenLineage: the receiver refuses an event of %s (HTTP %s); it stays in the file", event.file, status)
        return None

    def _tell(self, reason: str) -> None:
        if not self.is_down:
            server = self.instance.settings.openlineage_url.partition("?")[0].rpartition("@")[2]
            LOG.warning("OpenLineage: %s does not take events (%s); they are kept, and sent when it does", server, reason)
        self.is_down = True


def serve(instance: Instance, port: int, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Serve the pages and the metrics and send events until the process is stopped (or, with `goes_on`, while that says so)."""
    from prometheus_client import make_wsgi_app

    server, thread = serving.start(HOST, port, serving.served(instance.home / "derived", make_wsgi_app(registry(instance))))
    receiver, pause = Receiver(instance), PAUSE_SECONDS
    try:
        while goes_on():
            if instance.settings.openlineage_url:
                pause = PAUSE_SECONDS if receiver.send() else min(2 * pause, LONGEST_PAUSE_SECONDS)
            time.sleep(pause)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Run the program for the instance that the environment names."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request
    instance = Instance()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=instance.ports.telemetry)
    serve(instance, parser.parse_args().port)


if __name__ == "__main__":
    main()
