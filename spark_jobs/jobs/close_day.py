"""Close a business day: list the gaps and open a ticket for each. What arrives later goes into the next issue or the next day.

A new issue freezes the tasks that are open, for everything that is made of the day later (ADR 0038).
Files that lie where no contract looks for them get a ticket too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.ingest import gap_tickets
from lakehouse.ingest.gaps import FILLED, Gap, filled_since, gaps
from lakehouse.ingest.strays import tell_strays
from lakehouse.jobs import Answer, JobRequest
from lakehouse.objects import open_area
from lakehouse.ops import cases, connect, days, facts, tasks
from lakehouse.returns.tasks import freeze


@dataclass(frozen=True, kw_only=True)
class CloseAnswer(Answer):
    """The newest issue and the number of gaps it was closed with; `outcome` is closed or final.

    Attributes:
        gaps: number of gaps.
        missing: each gap: resource, provider, kind, date on which it was due, batch or source if one is held.
        filled: each gap that an earlier closing of the day had, and when it was found filled.
        strays: number of folders of the inbox with files, but without a contract that names them.
    """

    gaps: int
    strays: int = 0
    missing: tuple[Gap, ...] = ()
    filled: tuple[Gap, ...] = ()


def run(instance: Instance, request: JobRequest) -> CloseAnswer:
    """Close the day's newest issue, or a new issue if that one is published; a final day (a later one is published) is not changed."""
    day = request.business_date
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
        if days.is_final(connection, day):
            return CloseAnswer(outcome="final", issue=newest.issue if newest else 0, gaps=len(newest.gaps) if newest else 0)
        missing = gaps(connection, instance, day)
        issue = 1 if newest is None else newest.issue + (newest.state == "published")
        if newest is None or newest.issue < issue:
            freeze(open_area(instance, "exchange"), day, issue, tasks.open_on(connection, day))
        had = [*(facts.get(connection, day, FILLED) or []), *(newest.gaps if newest else [])]
        filled = filled_since(had, missing, datetime.now(UTC))
        facts.record(connection, day, FILLED, filled)
        days.close(connection, day, issue, missing)
        clocks = load_clocks(instance)
        gap_tickets.open_for(connection, clocks, missing, day)
        gap_tickets.close_settled(connection, instance, day)
        cases.reopen_expired(connection, day)
        lost = tell_strays(connection, instance, clocks, day)
    return CloseAnswer(outcome="closed", issue=issue, gaps=len(missing), strays=lost, missing=tuple(missing), filled=tuple(filled))
