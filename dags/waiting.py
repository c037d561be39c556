"""The Airflow operator and trigger that wait, without holding a worker, until a DAG run may close its day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

from dags.tasks import business_date
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.ingest.gaps import ingested, waiting_for

POLL_SECONDS = 1.0
LOG = logging.getLogger("huiliu.waiting")


class DayMayClose(BaseTrigger):
    """Fires when every ingest run of the date has ended and every earlier date that was begun is published."""

    def __init__(self, day: str) -> None:
        super().__init__()
        self.day = day

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments from which the triggerer rebuilds this trigger."""
        return "dags.waiting.DayMayClose", {"day": self.day}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event as soon as nothing is missing any more."""
        instance = Instance()
        resources = await asyncio.to_thread(ingested, instance)
        while await asyncio.to_thread(waiting_for, instance, date.fromisoformat(self.day), resources):
            await asyncio.sleep(POLL_SECONDS)
        yield TriggerEvent({"day": self.day})


class WaitForIngest(BaseOperator):
    """Wait, deferred, for the ingest runs of the business date; after `HUILIU_CLOSE_PATIENCE_SECONDS` fail and name what is missing."""

    def execute(self, context: Any) -> None:
        """Return at once when nothing is missing; otherwise defer to the triggerer."""
        day = business_date(context)
        if missing := _missing(day):
            LOG.info("close_day %s: waits for %s", day, ", ".join(missing))
            self.defer(
                trigger=DayMayClose(day.isoformat()),
                method_name="resume",
                timeout=timedelta(seconds=Instance().settings.close_patience_seconds),
            )

    def resume(self, context: Any, event: dict[str, Any] | None = None) -> None:  # noqa: ARG002 Airflow passes it
        """Return when nothing is missing; raise a DeliveryError that names what is still missing when the time is up."""
        day = business_date(context)
        if missing := _missing(day):
            found = f"still waiting for {', '.join(missing)}."
            raise DeliveryError(Problem(f"close_day {day}", found, "", "run or clear what is missing, then clear this task.").text())


def _missing(day: date) -> list[str]:
    instance = Instance()
    return waiting_for(instance, day, ingested(instance))
