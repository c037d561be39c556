"""Record the outcome of a resource's ingest run on a day: accepted, blocked, refused, nothing arrived, or failed."""

from __future__ import annotations

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.jobs import Answer, JobRequest, resource_of
from lakehouse.ops import batches, connect, days, ingest_runs, rulings


def run(instance: Instance, request: JobRequest) -> Answer:
    """Record the outcome, and tell whether the day must be closed again.

    It must where it was closed with this run as a failed gap, or before this run carried out what a person decided about a batch.
    """
    resource, day = resource_of("ingest_outcome", request), request.business_date
    with connect(instance) as connection:
        this_run = ingest_runs.get(connection, resource, day)
        gates = [batch.gate for batch in batches.taken_on(connection, day) if batch.resource == resource]
        outcome = _outcome(this_run, gates)
        ingest_runs.finish(connection, resource, day, outcome)
        closed = days.newest_issue(connection, day)
        missed = closed is not None and any(gap["resource"] == resource and gap["kind"] == "failed" for gap in closed.gaps)
        ruled = closed is not None and rulings.carried_out_after(connection, resource, day, closed.closed_at)
        repairs = (missed or ruled) and outcome != "failed" and not days.is_final(connection, day)
    return Answer(outcome=outcome, close_again=repairs)


def _outcome(this_run: ingest_runs.IngestRun | None, gates: list[batches.Gate | None]) -> ingest_runs.Outcome:
    if this_run is None or any(this_run.detail.steps.get(step) != "done" for step in steps.due(this_run.detail.waiting)):
        return "failed"
    if any(gate in batches.KNOWN for gate in gates):
        return "accepted"
    if "blocked" in gates:
        return "blocked"
    return "refused" if "refused" in gates or this_run.detail.refused else "nothing"
