"""Look up and decide tickets and quarantined rows (cases) that somebody has to deal with; never shows a value from the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date

from sqlalchemy import Connection

from lakehouse.config import Instance
from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem, SourceError
from lakehouse.ingest.places import places_of_rules, row_place
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, cases, connect, tickets
from lakehouse.ops.events import Event, NewEvent
from lakehouse.ops.transitions import Actor, person


@dataclass(frozen=True)
class TicketHistory:
    """A ticket and its events, in order."""

    ticket: tickets.Ticket
    events: list[Event]


@dataclass(frozen=True)
class PlacedCase(cases.Case):
    """A quarantined row (case), and where it stands in its file: `line 7`, or sheet and row of a workbook."""

    place: str


@dataclass(frozen=True)
class CasePlace:
    """A quarantined row (case), its events, and where it was delivered.

    Attributes:
        case: the case with its row.
        events: what happened to it, in order.
        source_object: the delivered file or table it came in last; None if its batch is not recorded now.
        cells: where the values stand that break its rules, by rule: `sheet!B7` in a workbook, else the sender's name of the column;
            rules without a certain cell are left out.
    """

    case: PlacedCase
    events: list[Event]
    source_object: str | None
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """What whoever runs this process does about a case or a ticket: on which business date, for which reason, on which document."""

    on: date
    reason: str
    document: str | None = None

    @property
    def actor(self) -> Actor:
        """Return the person as the table of transitions knows them."""
        return person(audit.operator())


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
        events = tickets.history(connection, ticket_id)
    if ticket is None:
        raise ConfigError(_no_ticket(ticket_id))
    return TicketHistory(ticket, events)


def find_cases(instance: Instance, wanted: cases.Filter, limit: int) -> list[PlacedCase]:
    """Return quarantined rows in order of date, batch and line."""
    with connect(instance) as connection:
        found = cases.find(connection, wanted, limit)
    contracts = load_sound_contracts(instance.settings.contracts, standard=False)[0]
    return [_placed(case, contracts.get(case.resource)) for case in found]


def case_place(instance: Instance, case_id: str) -> CasePlace:
    """Return a quarantined row (case) and where it was delivered.

    Raises:
        ConfigError: there is no such case.
    """
    with connect(instance) as connection:
        case = cases.get(connection, case_id)
        events = cases.history(connection, case_id)
        batch = batches.get(connection, case.batch_id) if case else None
    if case is None:
        raise ConfigError(_no_case(case_id))
    contract = load_sound_contracts(instance.settings.contracts, standard=False)[0].get(case.resource)
    placed = _placed(case, contract)
    if batch is None or contract is None:
        return CasePlace(placed, events, batch.source_object if batch else None)
    return CasePlace(placed, events, batch.source_object, _cells(instance, contract, batch, case))


def _placed(case: cases.Case, contract: Contract | None) -> PlacedCase:
    laid = laid_out(contract, case.business_date) if contract else None
    return PlacedCase(**asdict(case), place=row_place(laid, case.source_line))


def _cells(instance: Instance, contract: Contract, batch: batches.Batch, case: cases.Case) -> Mapping[str, str]:
    try:
        return places_of_rules(open_area(instance, "landing"), batch, contract, case.source_line, case.rules)
    except (SourceError, FileNotFoundError):  # the contract was changed since, or the landed file has been removed
        return {}


def assign_ticket(instance: Instance, ticket_id: int, assignee: str, on: date) -> None:
    """Assign a ticket to somebody.

    Raises:
        ConfigError: there is no such ticket, or it is closed.
    """
    with connect(instance) as connection:
        if tickets.get(connection, ticket_id) is None:
            raise ConfigError(_no_ticket(ticket_id))
        tickets.assign(connection, ticket_id, assignee, on, Act(on, "assigned").actor)


def close_ticket(instance: Instance, ticket_id: int, act: Act) -> None:
    """Close a ticket in the name of a person; that the thing itself is settled is said by the system alone.

    Raises:
        ConfigError: there is no such ticket, or it may not be closed with this reason.
    """
    with connect(instance) as connection:
        if tickets.get(connection, ticket_id) is None:
            raise ConfigError(_no_ticket(ticket_id))
        tickets.close(connection, ticket_id, tickets.Closing(act.reason, act.on, act.actor, act.document))
        _audit(connection, act, f"ticket {ticket_id}", "closed")


def decide_case(instance: Instance, case_id: str, outcome: cases.Outcome, act: Act, until: date | None = None) -> None:
    """Waive or reject a quarantined row (case); a waiver ends after the day `until`.

    Raises:
        ConfigError: there is no such case, or it may not be closed so.
    """
    with connect(instance) as connection:
        if cases.get(connection, case_id) is None:
            raise ConfigError(_no_case(case_id))
        cases.decide(connection, case_id, cases.Decision(outcome, act.reason, act.on, act.actor, act.document, until))
        _audit(connection, act, f"case {case_id}", outcome)


def withdraw_decision(instance: Instance, case_id: str, act: Act) -> None:
    """Open a case again, because whoever decided it takes the decision back.

    Raises:
        ConfigError: there is no such case, or it was not decided by a person.
    """
    with connect(instance) as connection:
        if cases.get(connection, case_id) is None:
            raise ConfigError(_no_case(case_id))
        cases.reopen(connection, case_id, NewEvent("reopened", act.on, act.actor, act.reason, act.document))
        _audit(connection, act, f"case {case_id}", "reopened")


def _audit(connection: Connection, act: Act, subject: str, outcome: str) -> None:
    detail = {"outcome": outcome, "reason": act.reason, "document": act.document, "business_date": act.on.isoformat()}
    audit.append(connection, act.actor.name, "decide", subject, detail)


def _no_ticket(ticket_id: int) -> str:
    return Problem(f"ticket {ticket_id}", "there is no such ticket.", "", "see `huiliu tickets list --all`.").text()


def _no_case(case_id: str) -> str:
    return Problem(f"case {case_id}", "there is no such case.", "", "see `huiliu quarantine list --all`.").text()
