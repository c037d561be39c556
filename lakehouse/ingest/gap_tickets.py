"""The tickets of a day's gaps (a silent provider, a run that failed or was not started, a wrong contract), and what settles them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import Connection

from lakehouse.city.calendar import last_due
from lakehouse.city.clocks import Clocks
from lakehouse.config import Instance
from lakehouse.contracts.loader import contract_paths, load_sound_contracts, resource_code
from lakehouse.contracts.model import Contract
from lakehouse.ingest.gaps import Gap, subject
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.ops import batches, ingest_runs, tickets
from lakehouse.ops.batches import Batch
from lakehouse.ops.tickets import Closing, NewTicket, Ticket

MESSAGES = {
    "silent": "nothing was delivered although a delivery was due; deliver it: the next run takes it in, whatever its date",
    "failed": "the ingest run failed; open the red task in Airflow, repair the cause and clear the task",
    "contract": "the contract is wrong, so nothing was taken in; `huiliu contracts check` lists the problems: correct them",
    "not_run": "no ingest run was started for this date",
}


def open_for(connection: Connection, clocks: Clocks, gaps: Iterable[Gap], on: date) -> None:
    """Open a ticket for each gap of a day; a batch that was stopped and an unusable source have their own already."""
    for gap in gaps:
        kind, resource = gap["kind"], gap["resource"]
        if kind not in MESSAGES:
            continue
        when = "" if kind == "contract" else f", due on {gap['due_on']}"  # a contract is wrong on every day alike
        message = f"{resource}{when}: {MESSAGES[kind]}."
        detail = {"due_on": gap["due_on"]} if when else {}
        new = NewTicket(kind, subject(gap), on, message, resource, gap["provider"], clocks.due_on(kind, on), detail)
        tickets.open_ticket(connection, new)


def close_settled(connection: Connection, instance: Instance, on: date) -> None:
    """Close the open tickets of gaps that are settled by a business date."""
    folder = instance.settings.contracts
    declared = {resource_code(path) for path in contract_paths(folder)}
    sound, _ = load_sound_contracts(folder)
    for ticket in tickets.find(connection, only_open=True):
        closing = None
        if ticket.kind == "contract":
            closing = _contract_settled(ticket, declared, sound, on)
        elif ticket.kind == "silent" and ticket.resource in sound:
            closing = _silence_settled(connection, ticket, sound[ticket.resource], on)
        elif ticket.kind in ("failed", "not_run"):
            closing = _run_settled(connection, ticket, on)
        if closing:
            tickets.close(connection, ticket.ticket_id, closing)


def ends_silence(contract: Contract, due_on: date, batch: Batch) -> str | None:
    """Return why a delivery settles the silence of its provider about a cycle, or None if it does not.

    The delivery of that cycle does, even when it is stopped: then it has a ticket of its own. One of a later cycle does where it was let
    in and holds what was missed: a snapshot always, a source asked by watermark too, a file of changes or events never.
    """
    if batch.business_date < due_on:
        return None
    if last_due(contract.cycle, batch.business_date) == due_on:
        return "delivered"
    if not batch.is_known:
        return None
    if contract.delivery == "snapshot":
        return "superseded"
    return "covered" if is_fetched(contract) else None


def run_settled(kind: str, day: date, runs: Mapping[date, ingest_runs.IngestRun]) -> str | None:
    """Return why the runs of a resource settle the one that failed or was not started on a day, or None if they do not.

    A later run takes up everything its predecessors left, an earlier one nothing of theirs.
    """
    own = runs.get(day)
    if own is not None and kind == "not_run":
        return "run_started"
    if own is not None and own.state == "done":
        return "run_done"
    return "later_run_done" if any(one > day and run.state == "done" for one, run in runs.items()) else None


def _contract_settled(ticket: Ticket, declared: set[str], sound: Mapping[str, Contract], on: date) -> Closing | None:
    if ticket.resource in sound:
        return Closing("contract_sound", on)
    return None if ticket.resource in declared else Closing("contract_gone", on)


def _silence_settled(connection: Connection, ticket: Ticket, contract: Contract, on: date) -> Closing | None:
    due_on = date.fromisoformat(ticket.detail["due_on"])
    for batch in batches.delivered(connection, contract.code, ticket.provider, since=due_on):
        reason = ends_silence(contract, due_on, batch)
        if reason and batch.taken_on <= on:
            return Closing(reason, on, document=batch.batch_id)
    return None


def _run_settled(connection: Connection, ticket: Ticket, on: date) -> Closing | None:
    days = {ticket.business_date, on} if on >= ticket.business_date else {ticket.business_date}
    found = {day: ingest_runs.get(connection, ticket.resource or "", day) for day in days}
    reason = run_settled(ticket.kind, ticket.business_date, {day: run for day, run in found.items() if run})
    return Closing(reason, on) if reason else None


def ticket_of(connection: Connection, gap: Gap) -> Ticket | None:
    """Return the newest ticket of a gap, open or closed; None where it has none yet."""
    found = [one for one in tickets.find(connection, kind=gap["kind"], resource=gap["resource"]) if one.subject == subject(gap)]
    return found[-1] if found else None
