"""The command that shows the report of a business day: as text, as JSON or as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from application.report import COUNTS, DayReport, collect, write_page
from huiliu import dates
from huiliu.disk import disk_line
from huiliu.exit_codes import leave
from lakehouse.config import Instance

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `report` to the command line."""
    app.command("report")(show)


def show(
    business_date: dates.Day,
    html: Annotated[bool, typer.Option("--html", help="Write the report as an HTML page and print only its path.")] = False,
    as_json: Json = False,
) -> None:
    """Show the report of a business day.

    Exit code 0: published without gaps; 3: published with gaps; 1: not published, or an invariant does not hold.
    """
    instance = Instance()
    found = collect(instance, business_date)
    if html:
        path = write_page(instance, found)
        typer.echo(json.dumps({"page": str(path)}) if as_json else str(path))
    elif as_json:
        typer.echo(json.dumps(found.facts(), ensure_ascii=False))
    else:
        print_report(found)
    leave([found])


def print_report(found: DayReport) -> None:
    """Print a report for people at a terminal."""
    report, console = found.facts(), Console(width=140)
    console.print(f"\n[bold]{report['city']} {report['date']}[/] issue {report['issue']}, {report['state']}")
    console.print(_batch_table(report["batches"]))
    if report["repeated"]:
        console.print(f"Delivered again, nothing new: {len(report['repeated'])}")
    for line in _lacking(report):
        console.print(line, markup=False)
    for title, rows in (("Libraries", report["libraries"]), ("Returns", report["returns"])):
        if rows:
            console.print(_plain_table(title, rows))
    console.print("Packages: " + ", ".join(f"{name} {value:,}" for name, value in report["packages"].items()))
    if report["tasks"]:
        console.print("Shown by tasks: " + ", ".join(f"{name} {value:,}" for name, value in report["tasks"].items()))
    for one in report["invariants"]:
        console.print(f"{'[green]ok  [/]' if one['ok'] else '[red]FAIL[/]'} {one['id']}  {one['detail']}")
    console.print(f"Disk: {disk_line(report['disk'])}")
    if "truth" in report:
        console.print("Truth: " + json.dumps(report["truth"]))
    console.print(
        "Seconds: " + ", ".join(f"{one['step']} {one['resource']} {one['seconds']}".replace("  ", " ") for one in report["timings"])
    )


def _lacking(report: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each thing that the day, or what is told of it, lacks."""
    for gap in report["gaps"]:
        yield f"Gap: {_gap_line(gap)}"
    for gap in report["filled"]:
        yield f"Filled {gap['filled_at'][:16].replace('T', ' ')}: {_gap_line(gap)}"
    for one in report["stopped"]:
        yield f"{one['kind'].capitalize()}: {one['reason']}{' (settled)' if one['state'] == 'closed' else ''}"
    for one in report["left_out"]:
        yield f"Left out: return {one['return_id']}, {one['reason']}"
    for table in report["no_longer_kept"]:
        yield f"No longer kept as of that day, so not read: {table}"


def _gap_line(gap: dict[str, Any]) -> str:
    what = f"{gap['resource']} {gap.get('source') or gap['provider'] or ''} {gap['kind']} (due {gap['due_on']})".replace("  ", " ")
    ticket = f", ticket {gap['ticket']}" if gap["ticket"] else ""
    return f"{what}{ticket}" + (f", settled on {gap['settled_on']}: {gap['settled_by']}" if gap["settled_on"] else "")


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
