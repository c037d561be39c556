"""What the commands that decide cases and tickets share: their options, and how events are printed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

import typer

from huiliu.dates import business_date
from lakehouse.ops.events import Event

On = Annotated[date, typer.Option("--date", metavar="DATE", parser=business_date, help="Business date of the decision.")]
Document = Annotated[str, typer.Option(help="What it rests on: the reference of a letter or an approval, or a batch.")]


def show_events(events: Iterable[Event]) -> None:
    """Print what happened to a case or a ticket, one line an event."""
    for event in events:
        told = [f"  {event.seq}. {event.event} on {event.business_date} by {event.actor}"]
        told += [f"reason {event.reason}"] if event.reason else []
        told += [f"document {event.document}"] if event.document else []
        typer.echo(", ".join(told))
