"""The commands that list, show and decide quarantined rows, never their values."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from application.tickets import Act, PlacedCase, case_place, decide_case, find_cases, withdraw_decision
from huiliu.dates import business_date
from huiliu.deciding import Document, On, show_events
from huiliu.listings import Columns, as_object, show_list
from lakehouse.config import Instance
from lakehouse.jobs import ID_CHARACTERS
from lakehouse.ops import cases

COLUMNS: Columns[PlacedCase] = {
    "case": lambda case: case.case_id,
    "date": lambda case: case.business_date,
    "resource": lambda case: case.resource,
    "provider": lambda case: case.provider,
    "batch": lambda case: case.batch_id[:ID_CHARACTERS],
    "place": lambda case: case.place,
    "rules": lambda case: case.rules,
    "state": lambda case: case.standing,
}
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case.")]
Reason = Annotated[str, typer.Option(help="Reason code; a wrong one is refused with those allowed.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `quarantine list`, `show`, `waive`, `reject` and `reopen` to the command line."""
    group = typer.Typer(help="Quarantined rows: where each is in its delivery and which rules it broke.", no_args_is_help=True)
    group.command("list")(list_cases)
    group.command("show")(show)
    group.command("waive")(waive)
    group.command("reject")(reject)
    group.command("reopen")(reopen)
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


def show(case_id: CaseId, as_json: Json = False) -> None:
    """Show where a quarantined row is in its delivery, which rules it broke and what happened to its case."""
    found = case_place(Instance(), case_id)
    case = found.case
    if as_json:
        events = [asdict(event) for event in found.events]
        typer.echo(as_object({**asdict(case), "source_object": found.source_object, "cells": dict(found.cells), "events": events}))
        return
    until = f" until {case.expires_on}" if case.expires_on else ""
    typer.echo(f"case {case.case_id} · {case.standing}{until} · {case.resource} of {case.provider} about {case.business_date}")
    rules = [f"{rule} ({found.cells[rule]})" if rule in found.cells else rule for rule in case.rules]
    typer.echo(f"  {found.source_object or 'batch ' + case.batch_id}, {case.place}: {', '.join(rules)}")
    show_events(found.events)


def waive(
    case_id: CaseId,
    until: Annotated[date, typer.Option(metavar="DATE", parser=business_date, help="Last day of the waiver; the day after, it is open.")],
    reason: Reason,
    document: Document,
    on: On,
) -> None:
    """Waive a quarantined row in your name for some time: it stays out, and nobody has to deal with it."""
    decide_case(Instance(), case_id, "waived", Act(on, reason, document), until)


def reject(case_id: CaseId, reason: Reason, document: Document, on: On) -> None:
    """Reject a quarantined row in your name for good; that one is fixed is found by the system alone."""
    decide_case(Instance(), case_id, "rejected", Act(on, reason, document))


def reopen(case_id: CaseId, document: Document, on: On) -> None:
    """Take a decision back: the case is open again."""
    withdraw_decision(Instance(), case_id, Act(on, "decision_withdrawn", document))
