"""The command `rebuild`, which builds again what was lost, or checks that what stands is what would be built."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from application import rebuild as application
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem


class What(StrEnum):
    """What is built again: records of the database, or histories in silver."""

    RECORDS = "records"
    SILVER = "silver"


def register(app: typer.Typer) -> None:
    """Add `rebuild` to the command line."""
    app.command()(rebuild)


def rebuild(
    what: Annotated[What, typer.Argument(help="records (of batches and days, from the store) or silver (from bronze).")] = What.RECORDS,
    resource: Annotated[str | None, typer.Option("--resource", help="silver: only this resource.")] = None,
    check: Annotated[bool, typer.Option("--check", help="silver: only compare; exit code 1 where anything differs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Record landed batches and published days again, after records were lost; or build silver again, beside what stands."""
    if what is What.SILVER:
        _silver(resource, check=check, as_json=as_json)
        return
    if check or resource:
        raise ConfigError(Problem("huiliu rebuild", "--check and --resource are for silver.", "huiliu rebuild silver --check").text())
    done = application.rebuild(Instance())
    told = f"{done.batches} batches recorded again; {done.days} published days agree with the store. Batches without a gate wait for it."
    typer.echo(json.dumps(asdict(done)) if as_json else told)


def _silver(resource: str | None, *, check: bool, as_json: bool) -> None:
    found = []
    for one in application.rebuild_silver(Instance(), resource, check=check):
        found.append(one)
        if not as_json:
            differs = f"{one.lacking} lacking or other, {one.surplus} surplus" if one.lacking or one.surplus else "equal"
            typer.echo(f"  {one.resource:32} {one.versions:>9} versions, {differs}{f', {one.written} written' if one.written else ''}")
    if as_json:
        typer.echo(json.dumps({"resources": [asdict(one) for one in found]}))
    if check and any(one.lacking or one.surplus for one in found):
        raise typer.Exit(1)
