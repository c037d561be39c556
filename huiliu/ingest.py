"""The command `ingest`, which takes delivered files, or a source asked again, through landing, gate and silver, without Airflow."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from application.ingest import Handed, Taken, take
from huiliu.dates import Refetch, Since, business_date, refetching
from lakehouse.config import Instance
from lakehouse.errors import SourceError
from lakehouse.ops.batches import Batch

COUNTS = ("received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held")


def register(app: typer.Typer) -> None:
    """Add `ingest` to the command line."""
    app.command()(ingest)


def ingest(  # noqa: PLR0913, PLR0917 - every parameter is an argument or an option of the command
    resource: Annotated[str, typer.Argument(help="Code of the resource.")],
    day: Annotated[date, typer.Option("--date", metavar="DATE", parser=business_date, help="Business date: the day the files are about.")],
    provider: Annotated[
        str, typer.Option(help="Unified social credit code of the department that sent the files, if the contract names several.")
    ] = "",
    files: Annotated[
        list[str] | None, typer.Argument(help="Delivered files, in the format the contract declares; none with --refetch.", metavar="FILE…")
    ] = None,
    refetch: Refetch = False,
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Take delivered files, or what a source system says when asked again, through landing, gate and silver.

    Exit code 0 only when every batch passed the gate.
    """
    taken = take(Instance(), Handed(resource, tuple(files or ()), day, provider, refetching(refetch, since)))
    if as_json:
        answers = {step: answer.facts() for step, answer in taken.answers.items()}
        told = {"tickets": taken.messages, "remarks": taken.remarks, "stopped": [asdict(one) for one in taken.stopped]}
        read = {"batches": [_facts(one) for one in taken.batches], "known": [_facts(one) for one in taken.known]}
        facts = {"resource": resource, **read, "steps": answers, **told}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        _print(taken)
        if taken.close_again:
            typer.echo(f"{day} is closed without this; close and publish it again: huiliu run-day {day}")
    if not taken.is_let_in:
        reasons = [one.message for one in taken.stopped if one.message] or taken.messages
        raise SourceError("\n".join(reasons) or f"{resource}: a batch was refused or blocked; see `huiliu tickets list`.")


def _facts(batch: Batch) -> dict[str, Any]:
    return {name: getattr(batch, name) for name in ("batch_id", "provider", "source_object", *COUNTS, "gate")}


def _print(taken: Taken) -> None:
    table = Table("batch", "file", *COUNTS, "gate")
    for batch in (*taken.batches, *taken.known):
        table.add_row(batch.batch_id[:12], batch.source_object, *(str(getattr(batch, name)) for name in COUNTS), batch.gate)
    console = Console()
    if taken.batches or taken.known:
        console.print(table)
    if not taken.batches:
        console.print("nothing new: these bytes were the last ones delivered about this date.")
        for batch in (one for one in taken.known if not one.is_known):
            console.print(f"once its contract is corrected: huiliu batches retry {batch.batch_id[:12]} --reason …", markup=False)
    for text in (*taken.remarks, *(taken.messages if taken.is_let_in else ())):
        console.print(text, markup=False)
    console.print(", ".join(f"{step} {answer.seconds:.1f} s" for step, answer in taken.answers.items()))
