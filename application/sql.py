"""Query curated tables: reading only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyspark.errors import PySparkException

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


@dataclass(frozen=True)
class Rows:
    """What a statement answers: the names of its columns and its rows, `limit` at most."""

    columns: list[str]
    rows: list[tuple[object, ...]]


def answer(instance: Instance, statement: str, limit: int) -> Rows:
    """Run a statement that reads and return its rows, `limit` at most.

    Raises:
        ConfigError: it does not read, or Spark cannot run it; the message holds no value of the data.
    """
    wrapped = reading(statement)
    spark = open_session(instance)
    try:
        return Rows(*query(spark, wrapped, limit))
    except PySparkException as error:
        raise ConfigError(_told(error)) from None


def reading(statement: str) -> str:
    """Wrap a statement so that it cannot write, whatever is asked: Spark itself refuses what is no query within the parentheses.

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
