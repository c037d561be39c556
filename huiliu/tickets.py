"""The commands that list, show, assign and close tickets."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from application.tickets import Act, assign_ticket, close_ticket, find_tickets, ticket_history
from huiliu.dates import business_date
from huiliu.deciding import Document, On, show_events
from huiliu.listings import Columns, as_object, show_list
from lakehouse.config import Instance
from lakehouse.ops import tickets

COLUMNS: Columns[tickets.Ticket] = {
    "ticket": lambda ticket: ticket.ticket_id,
    "date": lambda ticket: ticket.business_date,
    "kind": lambda ticket: ticket.kind,
    "state": lambda ticket: ticket.state,
    "resource": lambda ticket: ticket.resource,
    "provider": lambda ticket: ticket.provider,
    "due": lambda ticket: ticket.due_on,
    "message": lambda ticket: ticket.reason,
}
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `tickets list`, `show`, `assign` and `close` to the command line."""
    group = typer.Typer(
        help="Tickets: problems somebody has to solve by a date, such as blocked or silent sources and failed runs.",
        no_args_is_help=True,
    )
    group.command("list")(list_tickets)
    group.command("show")(show)
    group.command("assign")(assign)
    group.command("close")(close)
    app.add_typer(group, name="tickets")


def list_tickets(
    day: Annotated[
        date | None, typer.Option("--date", metavar="DATE", parser=business_date, help="Only tickets of this business date.")
    ] = None,
    kind: Annotated[str, typer.Option(help="Only tickets of this kind: refused, blocked, unusable, silent, failed, …")] = "",
    everything: Annotated[bool, typer.Option("--all", help="List closed tickets too.")] = False,
    as_json: Json = False,
) -> None:
    """List tickets: the open ones, or all with --all."""
    found = find_tickets(Instance(), day, kind or None, only_open=not everything)
    show_list("tickets", found, COLUMNS, as_json=as_json)


def show(ticket_id: Annotated[int, typer.Argument(help="Number of the ticket.")], as_json: Json = False) -> None:
    """Show a ticket and its events."""
    found = ticket_history(Instance(), ticket_id)
    ticket = found.ticket
    if as_json:
        typer.echo(as_object({**asdict(ticket), "events": [asdict(event) for event in found.events]}))
        return
    due = f" · due on {ticket.due_on}" if ticket.due_on else ""
    typer.echo(f"ticket {ticket.ticket_id} · {ticket.kind} · {ticket.state} · {ticket.subject}{due}\n{ticket.message}")
    show_events(found.events)


def assign(
    ticket_id: Annotated[int, typer.Argument(help="Number of the ticket.")],
    assignee: Annotated[str, typer.Argument(help="Whoever is to deal with it.")],
    on: On,
) -> None:
    """Assign a ticket to somebody; its due date stays."""
    assign_ticket(Instance(), ticket_id, assignee, on)


def close(
    ticket_id: Annotated[int, typer.Argument(help="Number of the ticket.")],
    reason: Annotated[str, typer.Option(help="explained or withdrawn; that the thing itself is settled is found by the system alone.")],
    document: Document,
    on: On,
) -> None:
    """Close a ticket in your name."""
    close_ticket(Instance(), ticket_id, Act(on, reason, document))
