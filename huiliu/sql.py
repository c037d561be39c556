"""The command `sql`, which queries curated tables and cannot write."""

from __future__ import annotations

import csv
import json
import sys
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from application.sql import Rows, answer
from lakehouse.config import Instance

Format = Literal["table", "csv", "json"]


def register(app: typer.Typer) -> None:
    """Add `sql` to the command line."""
    app.command()(sql)


def sql(
    statement: Annotated[str, typer.Argument(help="One statement that only reads: SELECT, WITH, VALUES, FROM, DESCRIBE, SHOW, EXPLAIN.")],
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many rows.")] = 1000,
    format_: Annotated[Format, typer.Option("--format", help="Format of the printed rows.")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Run one SQL statement that only reads the lake's tables; says so when there may be more rows than --limit."""
    found = answer(Instance(), statement, limit)
    if as_json or format_ == "json":
        typer.echo(json.dumps({"columns": found.columns, "rows": found.rows}, ensure_ascii=False, default=str))
    elif format_ == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([found.columns, *found.rows])
    else:
        _print_table(found)
    if len(found.rows) == limit:
        typer.echo(f"{limit} rows shown; there may be more (--limit).", err=True)


def _print_table(found: Rows) -> None:
    table = Table(*found.columns)
    for row in found.rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)
