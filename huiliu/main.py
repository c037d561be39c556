"""The entry point: one typer application; which module makes which command is said in `huiliu.commands`."""

from __future__ import annotations

import os
import sys

import typer

from huiliu.commands import Commands
from lakehouse.errors import LakehouseError

app = typer.Typer(
    name="huiliu",
    cls=Commands,
    help="Huiliu (回流): a city's public data flows back to the level that does the work.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.callback()(lambda: None)  # makes it a group, although no command is registered here


def main() -> None:
    """Run the command line; an error of ours is printed without a stack trace, with exit code 1.

    What it writes is readable by its user only; so is what the services write (infra/local/supervision.py).
    """
    os.umask(0o077)
    try:
        app()
    except LakehouseError as error:
        typer.secho(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
