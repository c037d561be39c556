"""The commands `backup` and `restore`, for the databases and keys of an instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from application import backup as making
from application import restore as application
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

To = Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Where the archive goes; default: backups below the home.")]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="A file whose first line seals, or opens, the archive.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `backup` and `restore` to the command line."""
    app.command()(backup)
    app.command()(restore)


def backup(to: To = None, passphrase_file: PassphraseFile = None, as_json: Json = False) -> None:
    """Write databases and keys into one archive, which holds secrets; the store (landing, lake, exchange) has copies of its own."""
    made = making.back_up(Instance(), to, _passphrase(passphrase_file))
    if as_json:
        shown = {"archive": str(made.archive), "bytes": made.bytes, "sha256": made.sha256}
        typer.echo(json.dumps({**shown, "manifest": made.manifest.model_dump(mode="json")}))
        return
    newest = made.manifest.facts.newest_day
    typer.echo(f"{made.archive}  ({made.bytes} bytes, SHA-256 {made.sha256})")
    for part in made.manifest.parts:
        typer.echo(f"  {part.name:32} {part.bytes:>10}  {part.what}")
    typer.echo(f"Newest published day: {newest.business_date if newest else 'none'}. Copy the store after this, never before.")
    sealed = "Its parts are sealed with the passphrase." if made.manifest.sealing else "Nothing in it is sealed."
    typer.echo(f"It holds keys and passwords: keep it like a key. {sealed}")


def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="An archive made by `huiliu backup`.")],
    replace: Annotated[bool, typer.Option("--replace", help="Stop what runs, and replace records and keys that stand.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Put databases and keys back, then find again in the store what came after the backup.

    PostgreSQL runs afterwards; `huiliu up` starts the rest.
    """
    say = (lambda _line: None) if as_json else typer.echo
    done = application.restore(Instance(), archive, replace=replace, passphrase=_passphrase(passphrase_file), say=say)
    again = done.run_again.isoformat() if done.run_again else None
    if as_json:
        found = {"batches": done.rebuilt.batches, "days": done.rebuilt.days}
        shown = {"made_at": done.made_at.isoformat(), "databases": done.databases, "keys_replaced": done.keys_replaced}
        typer.echo(json.dumps({**shown, **found, "run_again": again}))
        return
    for name in done.keys_replaced:
        typer.echo(f"   replaced: {name}; the former one is below keys/replaced-…")
    typer.echo(f"Now: huiliu up{f', then huiliu run-day {again}, which settles what came after the backup' if again else ''}.")


def _passphrase(file: Path | None) -> str | None:
    """Return the first line of a file.

    Raises:
        ConfigError: there is no such file, or its first line is empty.
    """
    if file is None:
        return None
    found = file.read_text("utf-8").partition("\n")[0].strip() if file.is_file() else ""
    if not found:
        allowed = "a file whose first line is the passphrase"
        raise ConfigError(Problem(f"--passphrase-file {file}", "there is no such file, or its first line is empty.", allowed).text())
    return found
