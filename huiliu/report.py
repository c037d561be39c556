"""Returns the report of a business day: for people as text, for programs as JSON; and where to look next."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from huiliu.truth import truth_scores
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.ops import batches, connect, days, facts, packages, timings

COUNTS = ("received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held")
Report = dict[str, Any]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Adds `report` to the command line."""
    app.command("report")(show)


def show(business_date: Annotated[str, typer.Argument(metavar="DATE")], as_json: Json = False) -> None:
    """Show the report of a business day; exit code 0 only when every invariant holds and the day is published."""
    found = collect(Instance(), date.fromisoformat(business_date))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        print_report(found)
    if not is_well(found):
        raise typer.Exit(1)


def collect(instance: Instance, day: date) -> Report:
    """Returns the report of a day (design §13); `truth` only where a sample city is.

    Raises:
        DeliveryError: the day was never closed.
    """
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
        if newest is None:
            last = days.last_closed(connection)
            found = f"no such day was closed; the last one is {last.business_date}." if last else "no day was closed yet."
            raise DeliveryError(Problem(f"report {day}", found, "", "run it: huiliu run-day DATE.").text())
        report: Report = {
            "date": day.isoformat(),
            "city": instance.city.code,
            "issue": newest.issue,
            "state": newest.state,
            "batches": [_batch(batch) for batch in batches.taken_on(connection, day)],
            "repeated": [{"batch_id": batch_id, "source_object": name} for batch_id, name in batches.sightings(connection, day)],
            "gaps": newest.gaps,
            "libraries": facts.get(connection, day, "libraries") or [],
            "returns": facts.get(connection, day, "returns") or [],
            "packages": _packages(connection, newest),
            "invariants": facts.get(connection, day, "invariants") or [],
            "timings": [
                {
                    "step": one.step,
                    "resource": one.resource,
                    "attempt": one.attempt,
                    "seconds": one.seconds,
                    "started_at": one.started_at.isoformat(),
                }
                for one in timings.of_day(connection, day)
            ],
        }
    return report | truth_scores(instance, day, report["libraries"])


def is_well(report: Report) -> bool:
    """Returns whether the day is published and every invariant was checked and holds."""
    return report["state"] == "published" and bool(report["invariants"]) and all(one["ok"] for one in report["invariants"])


def print_report(report: Report) -> None:
    """Prints the report for people."""
    console = Console(width=140)
    console.print(f"\n[bold]{report['city']} {report['date']}[/] issue {report['issue']}, {report['state']}")
    console.print(_batch_table(report["batches"]))
    if report["repeated"]:
        console.print(f"Delivered again, nothing new: {len(report['repeated'])}")
    for gap in report["gaps"]:
        console.print(f"Gap: {gap['resource']} {gap['provider'] or ''} {gap['kind']} (due {gap['due_on']})")
    for title, rows in (("Libraries", report["libraries"]), ("Returns", report["returns"])):
        if rows:
            console.print(_plain_table(title, rows))
    console.print("Packages: " + ", ".join(f"{name} {value:,}" for name, value in report["packages"].items()))
    for one in report["invariants"]:
        console.print(f"{'[green]ok  [/]' if one['ok'] else '[red]FAIL[/]'} {one['id']}  {one['detail']}")
    if "truth" in report:
        console.print("Truth: " + json.dumps(report["truth"]))
    console.print(
        "Seconds: " + ", ".join(f"{one['step']} {one['resource']} {one['seconds']}".replace("  ", " ") for one in report["timings"])
    )


def _batch(batch: batches.Batch) -> dict[str, Any]:
    counts = {name: value for name, value in asdict(batch).items() if name in COUNTS}
    identity = {"batch_id": batch.batch_id, "resource": batch.resource, "provider": batch.provider}
    return identity | {"business_date": batch.business_date.isoformat()} | counts | {"gate": batch.gate}


def _packages(connection: Connection, newest: days.Day) -> dict[str, int]:
    totals = packages.totals(connection, newest.business_date, newest.issue)
    return {
        "packages": totals.packages,
        "written": totals.files_written,
        "referred": totals.files_referred,
        "files": totals.files_written + totals.files_referred,
        "bytes": totals.bytes_written + totals.bytes_referred,
        "bytes_written": totals.bytes_written,
    }


def _batch_table(rows: list[dict[str, Any]]) -> Table:
    sums: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        total = sums.setdefault((row["resource"], row["gate"] or "open"), dict.fromkeys(("batches", *COUNTS), 0))
        total["batches"] += 1
        for name in COUNTS:
            total[name] += row[name] or 0
    found = [{"resource": resource, "gate": gate, **total} for (resource, gate), total in sorted(sums.items())]
    return _plain_table("Batches", found or [{"resource": "none", "gate": "", "batches": 0}])


def _plain_table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="right" if isinstance(rows[0][name], int) else "left")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    return table
