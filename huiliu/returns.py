"""Returns the commands that list what was returned to whom and show one package."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from huiliu import dates
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.naming import package_prefix
from lakehouse.objects import open_area
from lakehouse.ops import connect, days, packages, recipients

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
On = Annotated[
    date | None,
    typer.Option("--date", metavar="DATE", parser=dates.business_date, help="Business date; default: the last published one."),
]


def register(app: typer.Typer) -> None:
    """Adds `returns list` and `returns show` to the command line."""
    group = typer.Typer(help="What went back to whom.", no_args_is_help=True)
    group.command("list")(list_packages)
    group.command("show")(show)
    app.add_typer(group, name="returns")


def list_packages(
    business_date: On = None,
    level: Annotated[str, typer.Option(help="Only this level: province, city, district, street, community, grid, department.")] = "",
    as_json: Json = False,
) -> None:
    """List the packages of a day's final issue."""
    instance = Instance()
    issue = _issue(instance, business_date)
    with connect(instance) as connection:
        names = {one.recipient_id: one.name for one in recipients.at(connection, issue.business_date)}
        found = [one for one in packages.of_issue(connection, issue.business_date, issue.issue) if level in ("", one.level)]
    if as_json:
        rows = [{**asdict(one), "name": names.get(one.recipient_id)} for one in found]
        typer.echo(json.dumps({"packages": rows}, ensure_ascii=False, default=str))
        return
    table = Table("recipient", "name", "rows", "files new", "referred", "bytes", title=f"{issue.business_date} issue {issue.issue}")
    for one in found:
        numbers = (one.rows, one.files_written, one.files_referred, one.bytes_written + one.bytes_referred)
        table.add_row(one.recipient_id, names.get(one.recipient_id, ""), *(f"{number:,}" for number in numbers))
    Console().print(table)


def show(recipient: Annotated[str, typer.Argument(help="E.g. v-440402001001.")], business_date: On = None, as_json: Json = False) -> None:
    """Show a recipient's package: its manifest and where it lies."""
    instance = Instance()
    issue = _issue(instance, business_date)
    area = open_area(instance, "exchange")
    try:
        prefix = package_prefix(recipient, issue.business_date, issue.issue)
        manifest = json.loads(area.get(f"{prefix}/manifest.json"))
    except (FileNotFoundError, StopIteration):
        found = f"there is no package of {issue.business_date} for this recipient."
        raise DeliveryError(Problem(f"recipient {recipient}", found, "", "see `huiliu returns list`.").text()) from None
    where = str(area.local_path(prefix) or f"{instance.root('exchange')}/{prefix}")
    typer.echo(json.dumps({"path": where, "manifest": manifest}, ensure_ascii=False) if as_json else _text(where, manifest))


def _issue(instance: Instance, business_date: date | None) -> days.Day:
    with connect(instance) as connection:
        newest = days.newest_issue(connection, business_date) if business_date else None
        found = newest or (None if business_date else days.last_published(connection))
    if found is None:
        where = f"business day {business_date}" if business_date else "returns"
        raise DeliveryError(Problem(where, "nothing is published.", "", "run a day: huiliu run-day DATE.").text())
    return found


def _text(where: str, manifest: dict[str, Any]) -> str:
    lines = [where, f"  {manifest['recipient']['id']}, {manifest['business_date']}, issue {manifest['issue']}"]
    for one in manifest["returns"]:
        basis = f"{one['legal_basis']}{', ' + one['need_id'] if one['need_id'] else ''}"
        lines.append(f"  {one['return_id']} {one['version']} ({basis}: {one['purpose']}), pending locality {one['pending_locality']}")
        lines += [f"    {form['form']:8} {form['rows']:>8,} rows  {form['path'] or 'no payload'}" for form in one["forms"]]
        lines += [f"    {column['name']:24} {column['label']} {column['transform']}" for column in one["columns"]]
    return "\n".join(lines)
