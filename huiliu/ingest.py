"""Returns the command that takes delivered files of any contract through landing, gate and silver, without Airflow."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from huiliu.dates import business_date
from lakehouse.config import Instance
from lakehouse.errors import SourceError
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import batches, connect, tickets
from lakehouse.ops.batches import Batch

STEPS = ("extract", "gate", "silver", "ingest_outcome")
COUNTS = ("received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held")


def register(app: typer.Typer) -> None:
    """Adds `ingest` to the command line."""
    app.command()(ingest)


def ingest(
    resource: Annotated[str, typer.Argument(help="Code of the resource.")],
    files: Annotated[list[str], typer.Argument(help="Delivered files, in the format the contract declares.", metavar="FILE…")],
    day: Annotated[date, typer.Option("--date", metavar="DATE", parser=business_date, help="The date the files are about.")],
    provider: Annotated[str, typer.Option(help="USCC of the department that sent them, where the contract names many.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Take delivered files through landing, gate and silver; exit code 0 only when every file was let in."""
    instance = Instance()
    options = {"files": files} | ({"provider": provider} if provider else {})
    answers = {step: run_job(step, JobRequest(day, resource, options=options if step == "extract" else {}), instance) for step in STEPS}
    with connect(instance) as connection:
        taken = [batch for batch in (batches.get(connection, one) for one in answers["extract"]["batches"]) if batch]
        told = [ticket.message for ticket in tickets.find(connection, day, only_open=True) if ticket.resource == resource]
    if as_json:
        typer.echo(json.dumps({"resource": resource, "batches": [_facts(batch) for batch in taken], "steps": answers}, ensure_ascii=False))
    else:
        _print(taken, answers)
    if not all(batch.is_known for batch in taken):
        raise SourceError("\n".join(told) or f"{resource}: a batch was not let in; see `huiliu tickets list`.")


def _facts(batch: Batch) -> dict[str, Any]:
    return {name: getattr(batch, name) for name in ("batch_id", "provider", "source_object", *COUNTS, "gate")}


def _print(taken: list[Batch], answers: dict[str, dict[str, Any]]) -> None:
    table = Table("batch", "file", *COUNTS, "gate")
    for batch in taken:
        table.add_row(batch.batch_id[:12], batch.source_object, *(str(getattr(batch, name)) for name in COUNTS), batch.gate)
    console = Console()
    console.print(table if taken else "nothing new: these bytes are known already.")
    console.print(", ".join(f"{step} {answer['seconds']:.1f} s" for step, answer in answers.items()))
