"""The process that watches an instance (`python -m lakehouse.alerts.watch`): it looks every minute, and tells what is due.

It needs neither Spark nor Airflow to run, so it also tells when no day is published by its hour.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lakehouse.alerts import rounds, scene
from lakehouse.alerts.outage import Outage
from lakehouse.alerts.scene import Scene, Stamp
from lakehouse.config import Instance, Settings
from lakehouse.errors import LakehouseError
from lakehouse.orchestrator import Orchestrator

SECONDS = 60.0
SCHEDULER_PATIENCE_SECONDS = 2.0
LOG = logging.getLogger("huiliu.alerts")


class Watcher:
    """One watcher: what it knows of the city, and what it remembers from round to round."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._outage = Outage()
        self._scene: Scene | None = None
        self._stamp: Stamp = ()
        self._orchestrator: Orchestrator | None = None

    def round(self, now: datetime) -> bool:
        """Look once; return whether there was anything to look at. No fault of a round ends the process: the next one may go well."""
        try:
            known = self._refreshed()
            self._orchestrator = self._orchestrator or Orchestrator(known.instance, SCHEDULER_PATIENCE_SECONDS)
            for sent in rounds.look(known, now, self._orchestrator):
                LOG.info("%s: %s alerts of %s: %s", sent.route, sent.alerts, sent.owner, sent.failure or "sent")
        except Exception as error:
            LOG.warning("could not look: %s", error, exc_info=not isinstance(error, LakehouseError))
            if self._scene:
                self._outage.goes_on(self._scene, now)
            return False
        self._outage.is_over(known, now)
        beat(known.instance, now)
        return True

    def _refreshed(self) -> Scene:
        """Return the declarations, read again where a file was changed; while one is wrong, those that were read before stand."""
        instance = Instance(self._settings)
        if self._scene is None or scene.stamp(instance) != self._stamp:
            self._stamp = scene.stamp(instance)
            try:
                self._scene = scene.load_scene(instance)
            except LakehouseError as error:
                if self._scene is None:
                    raise
                LOG.warning("the former declarations stand: %s", error)
        return self._scene


def beat(instance: Instance, now: datetime) -> None:
    """Note that a round has gone well."""
    path = _path(instance)
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps({"looked_at": now.isoformat()}) + "\n", "utf-8")
    scratch.rename(path)


def looked_at(instance: Instance) -> datetime | None:
    """Return when the last round went well; None where none ever did."""
    try:
        return datetime.fromisoformat(json.loads(_path(instance).read_text("utf-8"))["looked_at"])
    except (OSError, ValueError):
        return None


def is_awake(instance: Instance, now: datetime) -> bool:
    """Return whether a round went well within the last five; sending to channels that hang takes its time."""
    last = looked_at(instance)
    return last is not None and now - last < timedelta(seconds=5 * SECONDS)


def _path(instance: Instance) -> Path:
    return instance.folder("run") / "watcher.json"


def main() -> None:
    """Watch until the process is ended."""
    logging.basicConfig(stream=sys.stdout, format="%(asctime)s %(message)s", level=logging.WARNING)
    LOG.setLevel(logging.INFO)
    watcher = Watcher(Settings())
    while True:
        began = time.monotonic()
        watcher.round(datetime.now(UTC))
        time.sleep(max(SECONDS - (time.monotonic() - began), 1.0))


if __name__ == "__main__":
    main()
