"""The commands that list and show quarantined rows, never their values."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from application.tickets import case_place, find_cases
from huiliu.dates import business_date
from huiliu.listings import Columns, as_object, show_list
from lakehouse.config import Instance
from lakehouse.ops import cases

COLUMNS: Columns[cases.Case] = {
    "case": lambda case: case.case_id,
    "date": lambda case: case.business_date,
    "resource": lambda case: case.resource,
    "provider": lambda case: case.provider,
    "batch": lambda case: case.batch_id[:12],
    "line": lambda case: case.source_line,
    "rules": lambda case: case.rules,
    "state": lambda case: case.state,
}
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `quarantine list` and `quarantine show` to the command line."""
    group = typer.Typer(help="Quarantined rows: where each is in its delivery and which rules it broke.", no_args_is_help=True)
    group.command("list")(list_cases)
    group.command("show")(show)
    app.add_typer(group, name="quarantine")


def list_cases(
    resource: Annotated[str, typer.Option(help="Only rows of this resource.")] = "",
    day: Annotated[
        date | None, typer.Option("--date", metavar="DATE", parser=business_date, help="Only rows of deliveries about this date.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List closed cases too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="List at most so many cases.")] = 100,
    as_json: Json = False,
) -> None:
    """List quarantined rows: the open ones, or all with --all."""
    found = find_cases(Instance(), cases.Filter(resource or None, day, only_open=not everything), limit)
    show_list("cases", found, COLUMNS, as_json=as_json)


def show(case_id: Annotated[str, typer.Argument(help="Id of the case.")], as_json: Json = False) -> None:
    """Show where a quarantined row is in its delivery and which rules it broke."""
    found = case_place(Instance(), case_id)
    case = found.case
    if as_json:
        typer.echo(as_object({**asdict(case), "source_object": found.source_object}))
        return
    typer.echo(f"case {case.case_id} · {case.state} · {case.resource} of {case.provider} about {case.business_date}")
    typer.echo(f"  {found.source_object}, line {case.source_line}: {', '.join(case.rules)}")
