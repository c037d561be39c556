"""How the ingest of a resource on a day ended: its outcome, what is missing, and whether the closed day has to be closed again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.ingest.gaps import Gap, gaps_of
from lakehouse.ops import batches, days, ingest_runs, rulings
from lakehouse.ops.batches import Batch, Filter
from lakehouse.ops.ingest_runs import IngestRun, Outcome


@dataclass(frozen=True)
class Ended:
    """How an ingest ended: in one word, its gaps, and whether it repairs the day, so that the day has to be closed again."""

    outcome: Outcome
    gaps: tuple[Gap, ...]
    repairs: bool


def conclude(connection: Connection, instance: Instance, resource: str, day: date) -> Ended:
    """Record how the ingest of a resource on a day ended and return it; asked again, it says what has become true since."""
    this_run = ingest_runs.get(connection, resource, day)
    outcome = _outcome(this_run, batches.find(connection, Filter(resource, since=day, until=day)))
    ingest_runs.finish(connection, resource, day, outcome)
    missing = gaps_of(connection, instance, resource, day)
    return Ended(outcome, tuple(missing), _repairs(connection, resource, day, missing))


def failed_steps(this_run: IngestRun | None) -> list[str]:
    """Return the steps of a run that were due and did not end well, the one that records the outcome included."""
    if this_run is None:
        return list(steps.INGEST[:1])
    due = (*steps.due(this_run.detail.waiting), steps.INGEST_OUTCOME)
    return [step for step in due if this_run.detail.steps.get(step) != "done"]


def _outcome(this_run: IngestRun | None, taken: list[Batch]) -> Outcome:
    if this_run is None or set(failed_steps(this_run)) - {steps.INGEST_OUTCOME}:
        return "failed"
    if any(batch.is_known for batch in taken):
        return "accepted"
    gates = {batch.gate for batch in taken}
    if "blocked" in gates:
        return "blocked"
    return "refused" if "refused" in gates or this_run.detail.refused else "nothing"


def _repairs(connection: Connection, resource: str, day: date, missing: list[Gap]) -> bool:
    """Return whether the closed day had a gap that is none now, or lacks a ruling or rows that are known now (ADR 0001)."""
    closed = days.newest_issue(connection, day)
    if closed is None or days.is_final(connection, day):
        return False
    if any(gap["resource"] == resource and gap not in missing for gap in closed.gaps):
        return True
    if rulings.carried_out_after(connection, resource, day, closed.closed_at):
        return True
    changed = [*batches.not_counted(connection, day, day), *batches.no_longer_known(connection, day)]
    return closed.state == "published" and any(batch.resource == resource for batch in changed)
