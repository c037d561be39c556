"""Look up tickets and quarantined rows (cases) that somebody has to deal with; never shows a value from the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from lakehouse.ops import batches, cases, connect, tickets


@dataclass(frozen=True)
class TicketHistory:
    """A ticket and its events, in order."""

    ticket: tickets.Ticket
    events: list[tickets.Event]


@dataclass(frozen=True)
class CasePlace:
    """A quarantined row (case) and the delivered file or table it came in."""

    case: cases.Case
    source_object: str


def find_tickets(instance: Instance, business_date: date | None, kind: str | None, *, only_open: bool) -> list[tickets.Ticket]:
    """Return the tickets of a date and kind (None: any), the oldest first."""
    with connect(instance) as connection:
        return tickets.find(connection, business_date, kind, only_open=only_open)


def ticket_history(instance: Instance, ticket_id: int) -> TicketHistory:
    """Return a ticket with its events.

    Raises:
        ConfigError: there is no such ticket.
    """
    with connect(instance) as connection:
        ticket = tickets.get(connection, ticket_id)
        events = tickets.events(connection, ticket_id)
    if ticket is None:
        raise ConfigError(Problem(f"ticket {ticket_id}", "there is no such ticket.", "", "see `huiliu tickets list --all`.").text())
    return TicketHistory(ticket, events)


def find_cases(instance: Instance, wanted: cases.Filter, limit: int) -> list[cases.Case]:
    """Return quarantined rows in order of date, batch and line."""
    with connect(instance) as connection:
        return cases.find(connection, wanted, limit)


def case_place(instance: Instance, case_id: str) -> CasePlace:
    """Return a quarantined row (case) and where it was delivered.

    Raises:
        ConfigError: there is no such case.
    """
    with connect(instance) as connection:
        case = cases.get(connection, case_id)
        batch = batches.get(connection, case.batch_id) if case else None
    if case is None or batch is None:
        raise ConfigError(Problem(f"case {case_id}", "there is no such case.", "", "see `huiliu quarantine list --all`.").text())
    return CasePlace(case, batch.source_object)
