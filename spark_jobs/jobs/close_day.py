"""Close a business day: list the gaps and open a ticket for each. What arrives later goes into the next issue or the next day.

Files that lie where no contract looks for them get a ticket too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from lakehouse.config import Instance
from lakehouse.ingest.gaps import Gap, gaps
from lakehouse.ingest.strays import tell_strays
from lakehouse.jobs import Answer, JobRequest
from lakehouse.ops import batches, connect, days, ingest_runs, tickets

MESSAGES = {
    "silent": "nothing was delivered although a delivery was due; deliver it: the next run takes it in, whatever its date",
    "failed": "the ingest run failed; open the red task in Airflow, repair the cause and clear the task",
    "contract": "the contract is wrong, so nothing was taken in; `huiliu contracts check` lists the problems: correct them",
    "not_run": "no ingest run was started for this date",
}


@dataclass(frozen=True, kw_only=True)
class CloseAnswer(Answer):
    """The newest issue and the number of gaps it was closed with; `outcome` is closed or final.

    Attributes:
        gaps: number of gaps.
        strays: number of folders of the inbox with files, but without a contract that names them.
    """

    gaps: int
    strays: int = 0


def run(instance: Instance, request: JobRequest) -> CloseAnswer:
    """Close the day's newest issue, or a new issue if that one is published; a final day (a later one is published) is not changed."""
    day = request.business_date
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
        if days.is_final(connection, day):
            return CloseAnswer(outcome="final", issue=newest.issue if newest else 0, gaps=len(newest.gaps) if newest else 0)
        missing = gaps(connection, instance, day)
        issue = 1 if newest is None else newest.issue + (newest.state == "published")
        days.close(connection, day, issue, missing)
        for gap in missing:
            _open_ticket(connection, request, gap)
        _close_tickets(connection, request)
        lost = tell_strays(connection, instance, day)
    return CloseAnswer(outcome="closed", issue=issue, gaps=len(missing), strays=lost)


def _open_ticket(connection: Connection, request: JobRequest, gap: Gap) -> None:
    if gap["kind"] not in MESSAGES:
        return  # a blocked or refused batch has its ticket already
    message = f"{gap['resource']}, due on {gap['due_on']}: {MESSAGES[gap['kind']]}."
    detail = {"due_on": gap["due_on"]}
    subject = f"{gap['resource']}|{gap['provider'] or ''}|{gap['due_on']}"
    tickets.open_ticket(
        connection,
        tickets.NewTicket(gap["kind"], subject, request.business_date, message, gap["resource"], gap["provider"], detail=detail),
    )


def _close_tickets(connection: Connection, request: JobRequest) -> None:
    done = {run.resource for run in ingest_runs.of_day(connection, request.business_date) if run.state == "done"}
    for ticket in tickets.find(connection, only_open=True):
        if ticket.kind == "silent":
            ended = batches.has_delivered(connection, ticket.resource, ticket.provider, date.fromisoformat(ticket.detail["due_on"]))
        else:
            ended = ticket.kind in MESSAGES and ticket.resource in done
        if ended:
            tickets.close(connection, ticket.kind, ticket.subject, request.business_date, "delivered")
