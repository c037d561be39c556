"""The command `rebuild`, which records again what the operational database has lost."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from application import rebuild as application
from lakehouse.config import Instance


def register(app: typer.Typer) -> None:
    """Add `rebuild` to the command line."""
    app.command()(rebuild)


def rebuild(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False) -> None:
    """Record landed batches and published days again, from the store, after records of the database were lost."""
    done = application.rebuild(Instance())
    told = f"{done.batches} batches recorded again; {done.days} published days agree with the store. Batches without a gate wait for it."
    typer.echo(json.dumps(asdict(done)) if as_json else told)
