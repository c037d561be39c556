"""The command `sql`, which queries curated tables and cannot write."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from application.sql_ask import ask
from application.sql_question import Question
from lakehouse.config import Instance
from lakehouse.errors import ConfigError

Format = Literal["table", "csv", "xlsx", "parquet", "json"]
BINARY = ("xlsx", "parquet")
BY_SUFFIX: dict[str, Format] = {".csv": "csv", ".xlsx": "xlsx", ".parquet": "parquet", ".json": "json", ".jsonl": "json"}
ONE_OBJECT = "object"


def register(app: typer.Typer) -> None:
    """Add `sql` to the command line."""
    app.command()(sql)


def sql(
    statement: Annotated[str, typer.Argument(help="One statement that only reads: SELECT, WITH, VALUES, FROM, DESCRIBE, SHOW, EXPLAIN.")],
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many rows.")] = 1000,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Form of the rows; default: by the name of the file, else a table. csv has a BOM and is for spreadsheets, so a text that"
            " could be taken for a formula begins with an apostrophe, as in xlsx. json is an object per row and line. Times are UTC.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file; xlsx and parquet need one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with columns and rows instead of text.")] = False,
) -> None:
    """Run one SQL statement that only reads the lake's tables; says so when there are more rows than --limit.

    Rows that do not fit beside one another into the terminal are shown as blocks of lines. The audit keeps who read which tables.
    """
    form = ONE_OBJECT if as_json else format_ or BY_SUFFIX.get(output.suffix.lower() if output else "", "table")
    if form in BINARY and output is None:
        raise ConfigError(f"huiliu sql: {form} is no text for a terminal.\n  Fix: name a file: --output answer.{form}")
    width = shutil.get_terminal_size().columns if output is None and sys.stdout.isatty() else None
    found = ask(Instance(), Question(statement, limit, form, width))
    if output is None:
        typer.echo(found.content.decode(), nl=False)
    else:
        _write(output, found.content)
        typer.echo(f"{found.rows:,} rows written to {output}.", err=True)
    if found.has_more:
        typer.echo(f"{found.rows} rows shown; there are more (--limit).", err=True)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"huiliu sql: {file} cannot be written ({error.strerror}).\n  Fix: name another file.") from None
