"""The command `docs`, which writes documentation from the declarations."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from application import docs
from lakehouse.config import Instance

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `docs` to the command line."""
    app.command("docs")(write)


def write(as_json: Json = False) -> None:
    """Write the data dictionary, a page and a catalog entry per resource, the keys of a contract and dbt's docs below derived/docs."""
    written = [str(path) for path in docs.write_all(Instance())]
    typer.echo(json.dumps({"written": written}) if as_json else "\n".join(written))
