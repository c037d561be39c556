"""Record the outcome of a resource's ingest run on a day: accepted, blocked, refused, nothing arrived, or failed."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.config import Instance
from lakehouse.ingest.conclusion import conclude
from lakehouse.ingest.gaps import Gap
from lakehouse.jobs import Answer, JobRequest, resource_of
from lakehouse.ops import connect


@dataclass(frozen=True, kw_only=True)
class OutcomeAnswer(Answer):
    """The outcome in one word, and what is missing: resource, provider, kind, due date, the batch or source if there is one."""

    missing: tuple[Gap, ...] = ()

    @property
    def leaves_nothing(self) -> bool:
        """Return whether there is no gap for the last task to name."""
        return not self.missing


def run(instance: Instance, request: JobRequest) -> OutcomeAnswer:
    """Record the outcome, and tell whether the day must be closed again because it was closed without what is there now."""
    resource = resource_of("ingest_outcome", request)
    with connect(instance) as connection:
        ended = conclude(connection, instance, resource, request.business_date)
    return OutcomeAnswer(outcome=ended.outcome, missing=ended.gaps, close_again=ended.repairs)
