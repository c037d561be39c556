"""The steward's commands: check all declarations, begin a contract, compare two versions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from application import contracts
from lakehouse.config import Instance

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the group `contracts` to the command line."""
    group = typer.Typer(help="Check all declarations, begin a contract, compare two versions of the contracts.", no_args_is_help=True)
    group.command()(check)
    group.command()(new)
    group.command()(diff)
    app.add_typer(group, name="contracts")


def check(as_json: Json = False) -> None:
    """Check contracts, codes, clocks, policies, authority, libraries, returns, regions, departments; report all problems and idle keys."""
    found = contracts.check(Instance())
    if as_json:
        typer.echo(json.dumps({"ok": found.ok, **asdict(found)}, ensure_ascii=False))
    else:
        for text in found.problems:
            typer.echo(text, err=True)
        for text in found.without_effect:
            typer.echo(f"without effect yet: {text}")
        typer.echo(f"{len(found.contracts)} contracts: " + ("all is well." if found.ok else "see the problems above."))
    if not found.ok:
        raise typer.Exit(1)


def new(
    resource: Annotated[str, typer.Argument(help="Level and code of the resource, e.g. district/d_library_card.")],
    sample: Annotated[Path, typer.Argument(help="A delivered CSV file; its header names the columns.", exists=True, dir_okay=False)],
    provider: Annotated[str, typer.Option(help="Kind of the city's office that delivers the resource, e.g. public_security.")],
    encoding: Annotated[str, typer.Option(help="Encoding of the CSV file: utf-8, utf-16 or gb18030.")] = "utf-8",
    as_json: Json = False,
) -> None:
    """Begin a contract from the header of a CSV file: every column is text, the first is the key; a steward decides the rest."""
    begun = contracts.begin(Instance(), resource, sample, provider, encoding)
    if as_json:
        typer.echo(json.dumps({"path": str(begun.path), "columns": begun.columns}, ensure_ascii=False))
        return
    typer.echo(f"{begun.path}: decide on key, types, classes, grades and rules, then run `huiliu contracts check`.")


def diff(
    old: Annotated[Path, typer.Argument(help="An earlier contracts folder, e.g. in another working tree.", exists=True, file_okay=False)],
    as_json: Json = False,
) -> None:
    """Compare the instance's contracts with earlier ones; exit code 1 when a change does not fit existing tables."""
    found = contracts.compare(Instance(), old)
    additive = all(difference.additive for changes in found.values() for difference in changes)
    if as_json:
        facts = {code: [asdict(difference) for difference in changes] for code, changes in found.items()}
        typer.echo(json.dumps({"additive": additive, "differences": facts}, ensure_ascii=False))
    else:
        for code, changes in found.items():
            for difference in changes:
                typer.echo(f"{'  ' if difference.additive else '! '}{code}: {difference.where}: {difference.text}")
        typer.echo(
            "all changes fit existing tables." if additive else "changes marked with ! do not fit existing tables: name a migration."
        )
    if not additive:
        raise typer.Exit(1)
