"""Query curated tables with statements that can only read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyspark.errors import PySparkException

from lakehouse.config import Instance
from lakehouse.errors import TELLING, ConfigError, Problem
from lakehouse.ops import audit, connect
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import query, tables, tables_of

# By Spark's grammar a statement that begins with one of these only reads; every other statement must be a query, see `reading`.
LOOKING = re.compile(r"\s*(describe|desc|show|explain)\b", re.IGNORECASE)
# Functions that can call any Java method, and the clause that names a function by an expression: the grammar takes them for queries,
# but they can do more than read.
REACHING = re.compile(r"\b(reflect|try_reflect|java_method|identifier)\b", re.IGNORECASE)
ALLOWED = "SELECT, WITH, VALUES, FROM …, DESCRIBE, SHOW, EXPLAIN; one statement"


@dataclass(frozen=True)
class Rows:
    """The result of a statement: the names of its columns and at most `limit` rows."""

    columns: list[str]
    rows: list[tuple[object, ...]]


def answer(instance: Instance, statement: str, limit: int) -> Rows:
    """Run a statement that only reads and return at most `limit` rows; the audit tells who read which tables and how many rows.

    Raises:
        ConfigError: the statement may do more than read, or Spark cannot run it; the message holds no value from the data.
    """
    wrapped = reading(statement)
    spark = open_session(instance, tables=tables(instance))
    try:
        found = Rows(*query(spark, wrapped, limit))
        told = {"tables": list(tables_of(spark, instance, wrapped)), "rows": len(found.rows)}
    except PySparkException as error:
        raise ConfigError(_told(error)) from None
    with connect(instance) as connection:
        audit.append(connection, audit.operator(), "sql", "lake", told)
    return found


def reading(statement: str) -> str:
    """Put a statement into parentheses so that it cannot write: Spark refuses everything but a query inside them.

    The wrapped statement begins with SELECT, so by Spark's grammar it is a query, and Spark runs one statement at a time: no INSERT,
    CREATE, MERGE, SET or ADD and no second statement can follow. The closing parenthesis has its own line so that no comment swallows it.

    Raises:
        ConfigError: the statement uses a function that can call Java, or names a function by an expression.
    """
    text = statement.strip().rstrip("; \t\r\n")
    if reached := REACHING.search(text):
        found = f"{reached[0].lower()} may do more than read."
        raise ConfigError(
            Problem("huiliu sql", found, ALLOWED, "remove this word; it is refused as a column name and inside a text too.").text()
        )
    return text if LOOKING.match(text) else f"SELECT * FROM (\n{text}\n)"  # noqa: S608 the grammar keeps it a query


def _told(error: PySparkException) -> str:
    condition = error.getCondition() or "the query failed"
    if not TELLING.match(condition):
        return Problem(
            "huiliu sql",
            f"{condition}.",
            "",
            "see logs/spark.log; the full message is not shown here because it may hold values from the data.",
        ).text()
    said = (error.getMessage() or condition).split("== SQL", 1)[0].split("JVM stacktrace", 1)[0]
    said = " ".join(said.split()).replace("SELECT * FROM (", "")
    return Problem("huiliu sql", said, ALLOWED if condition.startswith("PARSE_") else "", "correct the statement.").text()
