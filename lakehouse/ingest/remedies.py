"""Tell of a gap what a person at night needs: what is missing, since when, its ticket, and the command that puts it right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lakehouse.ingest.gaps import Gap
from lakehouse.jobs import ID_CHARACTERS
from lakehouse.ops.tickets import Ticket

MOST_TOLD = 20
DAY_AGAIN = "huiliu run-day {day}"
FIXES = {
    "silent": f"ask for the delivery; once it is there, clear extract of this DAG run in Airflow with what follows it, or {DAY_AGAIN}",
    "unusable": f"mend the source, or rename or move the file; then clear extract of this DAG run with what follows it, or {DAY_AGAIN}",
    "refused": "ask for the file again, or correct the contract and read it again: huiliu batches retry {batch} --reason TEXT",
    "blocked": "ask for a corrected file, or let it in: huiliu batches release {batch} --reason TEXT",
    "contract": f"correct what `huiliu contracts check` lists, then {DAY_AGAIN}",
    "failed": f"repair the cause, then clear the red tasks of this DAG run in Airflow (only the failed ones will do), or {DAY_AGAIN}",
    "not_run": DAY_AGAIN,
}


def notice(gap: Gap, ticket: Ticket | None, day: date) -> str:
    """Return what is to be said of a gap in one line."""
    since = gap["due_on"] if ticket is None or gap["kind"] == "silent" else ticket.business_date.isoformat()
    thing = gap.get("source") or gap["provider"]
    batch = gap.get("batch_id", "")[:ID_CHARACTERS]
    parts = [str(gap["resource"]), *([str(thing)] if thing else []), *([f"batch {batch}"] if batch else [])]
    why = f": {_in_one_line(ticket.reason)}" if ticket else ""
    number = f"ticket {ticket.ticket_id} (huiliu tickets show {ticket.ticket_id})" if ticket else "no ticket"
    fix = FIXES[gap["kind"]].format(day=day, batch=batch)
    return f"{' '.join(parts)} is {gap['kind']} since {since}, {number}{why} Fix: {fix}"


def shortened(notices: Sequence[str]) -> tuple[str, ...]:
    """Return the first notices, and how many are left out where they are many."""
    left = len(notices) - MOST_TOLD
    return (*notices[:MOST_TOLD], *([f"and {left} more: huiliu tickets list"] if left > 0 else []))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
