"""Name what is missing of a resource on a day; the task that runs this job is red while anything is.

It looks anew, so that it also sees what was put right when only the failed tasks of a run were cleared: the outcome was none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from lakehouse import steps
from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.ingest import gap_tickets
from lakehouse.ingest.conclusion import conclude, failed_steps
from lakehouse.ingest.gaps import Gap, unusable_sources
from lakehouse.ingest.remedies import notice, shortened
from lakehouse.jobs import Answer, JobRequest, resource_of
from lakehouse.ops import connect, days, ingest_runs


@dataclass(frozen=True, kw_only=True)
class GapsAnswer(Answer):
    """What is missing, each in a line: since when, its ticket, how to put it right; `outcome` is whole or gaps."""

    gaps: tuple[str, ...] = ()

    @property
    def red(self) -> str:
        """Return why the task is red: what is missing."""
        return "\n".join(self.gaps)


def run(instance: Instance, request: JobRequest) -> GapsAnswer:
    """Open a ticket for each gap that has none yet, and return what is to be said of all of them."""
    resource, day = resource_of(steps.INGEST_GAPS, request), request.business_date
    with connect(instance) as connection:
        ended = conclude(connection, instance, resource, day)
        this_run = ingest_runs.get(connection, resource, day)
        failed = failed_steps(this_run)
        if not days.is_final(connection, day):
            gap_tickets.open_for(connection, load_clocks(instance), ended.gaps, day)
        why = unusable_sources(this_run) if this_run else []  # a source that is silent because it does not answer is both
        told = [_told(connection, gap, request) for gap in [*ended.gaps, *(one for one in why if one not in ended.gaps)]]
    if failed:
        told.insert(0, f"{resource} {day}: {', '.join(failed)} did not end well; the log of that task says why.")
    return GapsAnswer(outcome="gaps" if told else "whole", gaps=shortened(told), close_again=ended.repairs)


def _told(connection: Connection, gap: Gap, request: JobRequest) -> str:
    return notice(gap, gap_tickets.ticket_of(connection, gap), request.business_date)
