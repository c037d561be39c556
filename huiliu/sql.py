"""Returns the command that queries curated tables."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from spark_jobs.session import open_session
from spark_jobs.storage import query

READING = re.compile(r"^\s*(select|with|describe|show|explain|values)\b", re.IGNORECASE)
SELECTING = re.compile(r"^\s*(select|with|values)\b", re.IGNORECASE)


def register(app: typer.Typer) -> None:
    """Adds `sql` to the command line."""
    app.command()(sql)


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT (or WITH, DESCRIBE, SHOW, EXPLAIN) statement.")],
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Query the lake's tables; reading only."""
    if not READING.match(statement):
        raise ConfigError(
            Problem(
                "huiliu sql", "the statement does not read.", "SELECT, WITH, DESCRIBE, SHOW, EXPLAIN", "start with one of these."
            ).text()
        )
    wrapped = f"select * from ({statement.rstrip().rstrip(';')})" if SELECTING.match(statement) else statement  # noqa: S608 a subquery cannot write
    names, rows = query(open_session(Instance()), wrapped, limit)
    if as_json:
        typer.echo(json.dumps({"columns": names, "rows": rows}, ensure_ascii=False, default=str))
        return
    table = Table(*names)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)
