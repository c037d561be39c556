"""The command `gx run`: run a resource's native Great Expectations suite and compare its counts with the verdicts."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console
from rich.table import Column, Table

from huiliu.dates import business_date
from lakehouse.jobs import JobRequest, run_job

if TYPE_CHECKING:
    from spark_jobs.jobs.recount import RecountAnswer  # Great Expectations takes seconds to load: only the job pays for it

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `gx run` to the command line."""
    group = typer.Typer(help="Check the verdicts of the gate with the native Great Expectations suite of a resource.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("run")(run)
    app.add_typer(group, name="gx")


def run(
    resource: Annotated[str, typer.Argument(help="Code of the resource.")],
    day: Annotated[date, typer.Option("--date", metavar="DATE", parser=business_date, help="Business date whose run took in the batches.")],
    as_json: Json = False,
) -> None:
    """Count the rows that break each rule again with the native suite; exit code 0 only when the counts equal the verdicts'."""
    found = cast("RecountAnswer", run_job("recount", JobRequest(day, resource)))
    if as_json:
        typer.echo(json.dumps(found.facts(), ensure_ascii=False))
    else:
        table = Table(Column("rule", no_wrap=True), "severity", "by", "rows", "verdicts", "")
        for one in found.rules:
            agrees = one.counted == one.verdicts
            counts = (str(one.counted), str(one.verdicts), "" if agrees else "differs")
            table.add_row(one.rule, one.severity, one.by, *counts)
        Console().print(table if found.rules else f"{resource}: no rows came on {day}.")
    if not found.agree:
        raise typer.Exit(1)
