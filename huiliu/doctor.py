"""The command `doctor`, which checks the machine and the instance."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from application.doctor import examine
from lakehouse.config import Instance


def register(app: typer.Typer) -> None:
    """Add `doctor` to the command line."""
    app.command()(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False) -> None:
    """Check the machine and the instance; exit code 0 only when no finding is bad."""
    findings = examine(Instance())
    well = all(finding.state != "bad" for finding in findings)
    if as_json:
        typer.echo(json.dumps({"healthy": well, "findings": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            typer.echo(f"{finding.state:8} {finding.name:20} {finding.detail}")
    if not well:
        raise typer.Exit(1)
