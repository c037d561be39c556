"""Query the lake's tables with statements that can only read; each one is in the audit."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyarrow import Table
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from application.sql_errors import READS, WRITES, Names, RefusalError, Refused, only_reads, told, two_lines, unknown_beginning
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ops import audit, connect
from lakehouse.text import statements
from spark_jobs.lake.inquiry import TABLE, ask, function_names, tables_of
from spark_jobs.lake.session import open_session, tagged
from spark_jobs.lake.storage import tables

# By Spark's grammar a statement that begins with one of these only reads; every other statement must be a query, see `reading`.
LOOKING = re.compile(r"\s*(describe|desc|show|explain)\b", re.IGNORECASE)
# Functions that can call any Java method, and the clause that names a function by an expression: the grammar takes them for queries,
# but they can do more than read.
REACHING = re.compile(r"\b(reflect|try_reflect|java_method|identifier)\b", re.IGNORECASE)
BEFORE, AFTER = "SELECT * FROM (\n", "\n)"


@dataclass(frozen=True)
class Answer:
    """What a statement found: at most `limit` rows with the types of their columns, and whether there are more."""

    table: Table
    has_more: bool = False

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return [str(name) for name in self.table.column_names]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows as values of Python; instants are UTC."""
        return list(zip(*([_plain(value) for value in column.to_pylist()] for column in self.table.columns), strict=True))


def answer(instance: Instance, statement: str, limit: int, actor: str = "", tag: str = "") -> Answer:
    """Run a statement that only reads and return at most `limit` rows; by `tag` another thread can interrupt it.

    The audit tells who (by default the user of this process) read which tables, how many rows, for how long, and the statement without
    its values; of a statement that failed, who tried and why not.

    Raises:
        RefusalError: the statement may do more than read, or Spark cannot run it; the message holds no value from the data.
        ConfigError: Spark or the operational database does not answer.
    """
    began = time.monotonic()
    try:
        found, read = _asked(instance, statement, limit, tag)
    except ConfigError as error:
        failed = error.reason if isinstance(error, RefusalError) else "no answer"
        with suppress(ConfigError):  # the statement is what the user has to hear of
            _record(instance, actor, began, {"rows": 0, "failed": failed})
        raise
    told_of = {"tables": list(read), "rows": min(found.num_rows, limit), "statement": statements.without_values(statement)}
    _record(instance, actor, began, told_of)
    return Answer(found.slice(0, limit), found.num_rows > limit)


def _asked(instance: Instance, statement: str, limit: int, tag: str) -> tuple[Table, tuple[str, ...]]:
    """Return the rows of a statement, one more than `limit` where there are more, and the tables it reads."""
    wrapped = reading(statement)
    spark = open_session(instance, tables=tables(instance))
    try:
        with tagged(spark, tag), ThreadPoolExecutor(1) as beside:
            read = beside.submit(tables_of, spark, instance, wrapped)
            return ask(spark, wrapped, limit + 1), read.result()
    except PySparkException as error:
        text = _given(statement)
        refused = Refused(error, text, wrapped.removesuffix(AFTER).removesuffix(text))
        raise RefusalError(told(refused, _names(instance, spark, text)), refused.condition or "gave up") from None


def reading(statement: str) -> str:
    """Put a statement into parentheses so that it cannot write: Spark refuses everything but a query inside them.

    The wrapped statement begins with SELECT, so by Spark's grammar it is a query, and Spark runs one statement at a time: no INSERT,
    CREATE, MERGE, SET or ADD and no second statement can follow. The closing parenthesis has its own line so that no comment swallows it.
    What is refused before only gets a better message.

    Raises:
        RefusalError: the statement would write, is not one, runs a program, calls Java, or names a function by an expression.
    """
    text, word = _given(statement), statements.first_word(statement)
    if word in WRITES:
        raise RefusalError(only_reads(word))
    if word not in READS:
        raise RefusalError(unknown_beginning(word))
    if not statements.is_one(text):
        raise RefusalError(two_lines("one statement at a time, but more follows after a semicolon.", "Fix: ask them one after the other."))
    if reached := REACHING.search(text):
        found = f"{reached[0].lower()} may do more than read."
        raise RefusalError(two_lines(found, "Fix: remove this word; it is refused as a column name and inside a text too."))
    if statements.names_a_program(text):
        raise RefusalError(two_lines("USING with a text runs a program.", "Fix: join USING (column); TRANSFORM (…) USING is refused."))
    return text if LOOKING.match(text) else f"{BEFORE}{text}{AFTER}"


def _given(statement: str) -> str:
    return statement.strip().rstrip("; \t\r\n")


def _names(instance: Instance, spark: SparkSession, statement: str) -> Names:
    """Return the names a statement may use."""

    def columns() -> dict[str, list[str]]:
        there = set(tables(instance))
        named = dict.fromkeys(".".join(one) for one in TABLE.findall(statements.without_values(statement)))
        return {table: spark.read.table(table).columns for table in named if table in there}

    return Names(lambda: tables(instance), columns, lambda: function_names(spark))


def _record(instance: Instance, actor: str, began: float, detail: dict[str, Any]) -> None:
    told_of = {**detail, "seconds": round(time.monotonic() - began, 2)}
    with connect(instance) as connection:
        audit.append(connection, actor or audit.operator(), "sql", "lake", told_of)


def _plain(value: Any) -> Any:
    """Return an instant without its time zone, which is UTC for all of them, and other values as they are."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
