"""Returns the command that queries curated tables: reading only."""

from __future__ import annotations

import csv
import json
import re
import sys
from typing import Annotated, Literal

import typer
from pyspark.errors import PySparkException
from rich.console import Console
from rich.table import Table

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import query

# A statement that begins so can only look (Spark's grammar); every other one has to be a query, see `reading`.
LOOKING = re.compile(r"\s*(describe|desc|show|explain)\b", re.IGNORECASE)
# Functions that call any Java method, and the clause that names a function by an expression: queries by grammar, not by effect.
REACHING = re.compile(r"\b(reflect|try_reflect|java_method|identifier)\b", re.IGNORECASE)
ALLOWED = "SELECT, WITH, VALUES, FROM …, DESCRIBE, SHOW, EXPLAIN; one statement"
# What the server says of these holds the statement's own words only; of anything else it may quote values of the data.
TELLING = re.compile(r"^(PARSE_|UNRESOLVED_|TABLE_OR_VIEW_|AMBIGUOUS_|MISSING_|WRONG_NUM_ARGS|DATATYPE_MISMATCH|SCHEMA_NOT_FOUND)")
Format = Literal["table", "csv", "json"]


def register(app: typer.Typer) -> None:
    """Adds `sql` to the command line."""
    app.command()(sql)


def sql(
    statement: Annotated[str, typer.Argument(help="One statement that reads: SELECT, WITH, VALUES, FROM, DESCRIBE, SHOW, EXPLAIN.")],
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 1000,
    format_: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Query the lake's tables; reading only. Rows beyond the limit are left out, and it is said so."""
    names, rows = answer(Instance(), statement, limit)
    if as_json or format_ == "json":
        typer.echo(json.dumps({"columns": names, "rows": rows}, ensure_ascii=False, default=str))
    elif format_ == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([names, *rows])
    else:
        _print_table(names, rows)
    if len(rows) == limit:
        typer.echo(f"{limit} rows shown; there may be more (--limit).", err=True)


def answer(instance: Instance, statement: str, limit: int) -> tuple[list[str], list[tuple[object, ...]]]:
    """Returns (column names, rows) of a statement that reads, `limit` rows at most.

    Raises:
        ConfigError: it does not read, or Spark cannot run it; the message holds no value of the data.
    """
    wrapped = reading(statement)
    spark = open_session(instance)
    try:
        return query(spark, wrapped, limit)
    except PySparkException as error:
        raise ConfigError(_told(error)) from None


def reading(statement: str) -> str:
    """Returns a statement that cannot write, whatever is asked: Spark itself refuses what is no query within the parentheses.

    A statement that begins with SELECT is a query by Spark's grammar, and Spark takes one statement at a time: neither INSERT, CREATE,
    MERGE, SET or ADD nor a second statement can follow. On a line of its own the parenthesis is not swallowed by a comment.

    Raises:
        ConfigError: the statement calls into Java or names a function by an expression.
    """
    text = statement.strip().rstrip("; \t\r\n")
    if reached := REACHING.search(text):
        found = f"{reached[0].lower()} may do more than read."
        raise ConfigError(Problem("huiliu sql", found, ALLOWED, "leave the word out; also as the name of a column or in a text.").text())
    return text if LOOKING.match(text) else f"SELECT * FROM (\n{text}\n)"  # noqa: S608 the grammar keeps it a query


def _told(error: PySparkException) -> str:
    condition = error.getCondition() or "the query failed"
    if not TELLING.match(condition):
        return Problem("huiliu sql", f"{condition}.", "", "see logs/spark.log; the message may hold values and is not shown.").text()
    said = (error.getMessage() or condition).split("== SQL", 1)[0].split("JVM stacktrace", 1)[0]
    said = " ".join(said.split()).replace("SELECT * FROM (", "")
    return Problem("huiliu sql", said, ALLOWED if condition.startswith("PARSE_") else "", "correct the statement.").text()


def _print_table(names: list[str], rows: list[tuple[object, ...]]) -> None:
    table = Table(*names)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)
