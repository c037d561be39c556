"""Returns the command `report`, and what ends every business day run from here: its report as text or JSON, and as a page."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated

import typer

from application.pages import report as day_page
from application.report import Report, collect, is_well
from huiliu import dates, docs
from huiliu.report_text import print_report
from lakehouse.config import Instance

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Adds `report` to the command line."""
    app.command("report")(show)


def show(
    business_date: dates.Day,
    html: Annotated[bool, typer.Option("--html", help="Write the report as a page and print only where it lies.")] = False,
    as_json: Json = False,
) -> None:
    """Show the report of a business day; exit code 0 only when every invariant holds and the day is published."""
    instance = Instance()
    found = collect(instance, business_date)
    if html:
        path = day_page.write(instance.folder("derived", "report"), found)
        typer.echo(json.dumps({"page": str(path)}) if as_json else str(path))
    elif as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        print_report(found)
    if not is_well(found):
        raise typer.Exit(1)


def conclude(instance: Instance, day: date, *, quiet: bool) -> Report:
    """Returns the report of a day that has just ended, its page and the dictionary written; printed unless `quiet`."""
    found = collect(instance, day)
    docs.write_dictionary(instance)
    path = day_page.write(instance.folder("derived", "report"), found)
    if not quiet:
        print_report(found)
        typer.echo(f"Page: {path}")
    return found
