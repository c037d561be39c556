"""The commands that list the packages of a day, show one package, fetch its files, and check it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from application.returns import fetch as fetched
from application.returns import find_packages, package
from application.returns import verify as checked
from huiliu import dates
from huiliu_verify import report
from huiliu_verify.findings import Verification
from huiliu_verify.language import chosen
from huiliu_verify.saving import SavingError
from huiliu_verify.signing import KeyFileError
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
On = Annotated[
    date | None,
    typer.Option("--date", metavar="DATE", parser=dates.business_date, help="Business date; default: the last published one."),
]


def register(app: typer.Typer) -> None:
    """Add `returns list`, `returns show`, `returns fetch` and `verify` to the command line."""
    group = typer.Typer(help="Packages of the return flow: what each recipient received.", no_args_is_help=True)
    group.command("list")(list_packages)
    group.command("show")(show)
    group.command("fetch")(fetch)
    app.add_typer(group, name="returns")
    app.command()(verify)


def list_packages(
    business_date: On = None,
    level: Annotated[str, typer.Option(help="Only this level: province, city, district, street, community, grid, department.")] = "",
    as_json: Json = False,
) -> None:
    """List the packages of the newest issue of a day."""
    issue = find_packages(Instance(), business_date, level)
    if as_json:
        rows = [{**asdict(one), "name": issue.names.get(one.recipient_id)} for one in issue.packages]
        typer.echo(json.dumps({"packages": rows}, ensure_ascii=False, default=str))
        return
    table = Table("recipient", "name", "rows", "files new", "referred", "bytes", title=f"{issue.business_date} issue {issue.issue}")
    for one in issue.packages:
        numbers = (one.rows, one.files_written, one.files_referred, one.bytes_written + one.bytes_referred)
        table.add_row(one.recipient_id, issue.names.get(one.recipient_id, ""), *(f"{number:,}" for number in numbers))
    Console().print(table)


def show(
    recipient: Annotated[str, typer.Argument(help="Id of the recipient, e.g. v-440402001001.")],
    business_date: On = None,
    as_json: Json = False,
) -> None:
    """Show a recipient's package: its location and its manifest."""
    found = package(Instance(), recipient, business_date)
    typer.echo(json.dumps(asdict(found), ensure_ascii=False) if as_json else _text(found.path, found.manifest))


def fetch(
    recipient: Annotated[str, typer.Argument(help="Id of the recipient, e.g. v-440402001001.")],
    business_date: On = None,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Folder the files are saved in; default: this one.")] = Path(),
    as_json: Json = False,
) -> None:
    """Check a recipient's package, save its files under their names for people, and say which to open."""
    with _told():
        done = fetched(Instance(), recipient, business_date, to)
    _tell(done.folder, done.found, as_json, done.saved)


def verify(
    path: Annotated[Path, typer.Argument(help="Folder of the package: <recipient>/<date>/<issue>.")],
    key: Annotated[Path, typer.Option("--key", help="Public key of the sender (PEM file), received apart from the package.")],
    recipient: Annotated[str, typer.Option(help="Your recipient id, e.g. v-440402001001; a package for somebody else is refused.")] = "",
    as_json: Json = False,
) -> None:
    """Check a package as its recipient would; exit code 0 only when it is complete, unaltered and published.

    Where there is an instance, its audit keeps who checked which package. A recipient, who has none, uses `huiliu-verify`.
    """
    with _told():
        found = checked(Instance(), path, key, recipient or None)
    _tell(path, found, as_json)


@contextmanager
def _told() -> Iterator[None]:
    """Let an error of the verifier end the command as one of ours does."""
    try:
        yield
    except (KeyFileError, SavingError) as error:
        raise DeliveryError(str(error)) from None


def _tell(path: Path, found: Verification, as_json: bool, saved: Sequence[Path] = ()) -> None:
    """Print what a check found; exit with code 1 when the package is refused."""
    typer.echo(json.dumps(report.facts(found, saved), ensure_ascii=False) if as_json else report.text(found, path, chosen(), saved))
    if not found.ok:
        raise typer.Exit(1)


def _text(where: str, manifest: dict[str, Any]) -> str:
    lines = [where, f"  {manifest['recipient']['id']}, {manifest['business_date']}, issue {manifest['issue']}"]
    for one in manifest["returns"]:
        basis = f"{one['legal_basis']}{', ' + one['need_id'] if one['need_id'] else ''}"
        lines.append(f"  {one['return_id']} {one['version']} ({basis}: {one['purpose']}), pending locality {one['pending_locality']}")
        lines += [f"    {form['form']:8} {form['rows']:>8,} rows  {form['path'] or 'no payload'}" for form in one["forms"]]
        lines += [f"    {column['name']:24} {column['label']} {column['transform']}" for column in one["columns"]]
    return "\n".join(lines)
