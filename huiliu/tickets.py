"""Returns the commands that list and show tickets."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from lakehouse.ops import connect, tickets

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Adds `tickets list` and `tickets show` to the command line."""
    group = typer.Typer(help="What somebody has to look at: refused, blocked or silent sources, failed runs.", no_args_is_help=True)
    group.command("list")(list_tickets)
    group.command("show")(show)
    app.add_typer(group, name="tickets")


def list_tickets(
    business_date: Annotated[str, typer.Option("--date", metavar="DATE", help="Only tickets of this business date.")] = "",
    kind: Annotated[str, typer.Option(help="Only tickets of this kind: refused, blocked, silent, failed, …")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Closed tickets too.")] = False,
    as_json: Json = False,
) -> None:
    """List tickets, the open ones unless asked otherwise."""
    day = date.fromisoformat(business_date) if business_date else None
    with connect(Instance()) as connection:
        found = tickets.find(connection, day, kind or None, only_open=not everything)
    if as_json:
        typer.echo(json.dumps({"tickets": [asdict(ticket) for ticket in found]}, ensure_ascii=False, default=str))
        return
    table = Table("ticket", "date", "kind", "state", "resource", "provider", "message")
    for ticket in found:
        cells = (ticket.kind, ticket.state, ticket.resource or "", ticket.provider or "", ticket.message.split("\n")[0])
        table.add_row(str(ticket.ticket_id), str(ticket.business_date), *cells)
    Console().print(table if found else "no tickets.")


def show(ticket_id: Annotated[int, typer.Argument(help="Number of the ticket.")], as_json: Json = False) -> None:
    """Show a ticket and what happened to it."""
    with connect(Instance()) as connection:
        ticket = tickets.get(connection, ticket_id)
        events = tickets.events(connection, ticket_id)
    if ticket is None:
        raise ConfigError(Problem(f"ticket {ticket_id}", "there is no such ticket.", "", "see `huiliu tickets list --all`.").text())
    if as_json:
        facts = {**asdict(ticket), "events": [asdict(event) for event in events]}
        typer.echo(json.dumps(facts, ensure_ascii=False, default=str))
        return
    typer.echo(f"ticket {ticket.ticket_id} · {ticket.kind} · {ticket.state} · {ticket.subject}\n{ticket.message}")
    for event in events:
        typer.echo(f"  {event.seq}. {event.event} on {event.business_date}" + (f" by {event.actor}" if event.actor else ""))
