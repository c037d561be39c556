"""Fetch a window of a source table as CSV: one repeatable-read transaction, rows chosen by watermark, in a fixed order.

In the same snapshot the rows outside of the window are counted: a row whose watermark is far in the future, or was written back into the
past, is in no window and would never be missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import URL

from lakehouse.city.calendar import next_due
from lakehouse.contracts.model import Column, Contract, PostgresSource
from lakehouse.errors import nearest_first
from lakehouse.ingest.readers import csv
from lakehouse.ingest.readers.blocks import Block
from lakehouse.ingest.readers.csv_count import count_written
from lakehouse.ingest.readers.csv_feed import AT_ONCE
from lakehouse.ingest.readers.delivery import Fetched, Outside
from lakehouse.ingest.readers.header import Expected
from lakehouse.ingest.readers.persistence import PassingError, persistently
from lakehouse.ingest.readers.postgres_text import WATERMARKS, WATERMARKS_IN_WORDS, Mark, text_of
from lakehouse.ingest.readers.records import Record, refusal
from lakehouse.ingest.readers.window import Window

ASK = "ask the department that runs the source; the next run takes what was missed."
# Classes of SQLSTATE that pass: connection lost, rolled back for another, out of resources, not now, stopped or starting. None: no answer.
PASSING = (None, "08", "40", "53", "55", "57")
SETTINGS = "-c datestyle=ISO -c client_encoding=UTF8 -c extra_float_digits=1 -c statement_timeout=600000 -c lock_timeout=30000"
# A domain is a name for another type: what counts is the type its values have.
COLUMN_TYPES = """
WITH RECURSIVE stored AS (
  SELECT attnum, attname, atttypid AS type FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT attnum, attname, typbasetype FROM stored JOIN pg_type ON pg_type.oid = stored.type WHERE typbasetype <> 0
)
SELECT attname, typname FROM stored JOIN pg_type ON pg_type.oid = stored.type WHERE typbasetype = 0 ORDER BY attnum
"""
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Table:
    """A source table in one snapshot, and the types its columns have there."""

    connection: psycopg.Connection
    contract: Contract
    types: Mapping[str, str]

    @property
    def source(self) -> PostgresSource:
        return _source(self.contract)

    @cached_property
    def mark(self) -> Mark:
        column = next(column for column in self.contract.columns if column.source_name == self.source.watermark)
        return Mark(column.source_name, self.types[column.source_name], column)

    def copy(self, columns: Sequence[Column], condition: sql.Composable, target: Path) -> int:
        """Write columns of the rows that fulfil a condition as CSV, in the order of their texts; return how many rows there are."""
        rows = sql.SQL(" FROM {} WHERE {}").format(_name(self.source), condition)
        texts = sql.SQL(", ").join(sql.SQL("{} AS {}").format(self._text(one), sql.Identifier(one.source_name)) for one in columns)
        order = sql.SQL(", ").join(sql.SQL('{} COLLATE "C"').format(sql.Identifier(one.source_name)) for one in columns)
        query = sql.SQL("COPY (SELECT * FROM (SELECT {}{}) AS texts ORDER BY {}) TO STDOUT (FORMAT csv, HEADER)").format(texts, rows, order)
        counted = self.connection.execute(sql.SQL("SELECT count(*)") + rows).fetchone()
        with target.open("wb") as file, self.connection.cursor().copy(query) as parts:
            for part in parts:
                file.write(part)
        return int(counted[0]) if counted else 0

    def outside(self, asked: Window) -> Outside:
        """Count the rows up to a window's end by day, and those that not even the next window reaches."""
        reached = next_due(self.contract.cycle, asked.last)
        rows = sql.SQL("SELECT {}, count(*) FILTER (WHERE {}), count(*) FILTER (WHERE {}) FROM {} GROUP BY 1").format(
            self.mark.day,
            self.mark.before(asked.last + timedelta(days=1)),
            self.mark.since(reached + timedelta(days=1)),
            _name(self.source),
        )
        days, beyond = Counter[date | None](), 0
        for text, until, later in self.connection.execute(rows):
            days[self.mark.day_of(text)] += until
            beyond += later
        return Outside({day: count for day, count in days.items() if count}, beyond, reached)

    def _text(self, column: Column) -> sql.Composable:
        return text_of(column, self.types[column.source_name])


def fetch(url: URL, contract: Contract, asked: Window, target: Path) -> Fetched:
    """Write the rows of a window to `target` and return what was fetched; rows inside and outside are counted in the same snapshot.

    Raises:
        SourceError: the source does not answer, or the table or a column is not there (any more), or is of another kind.
    """
    source = _source(contract)

    def window(table: _Table) -> tuple[int, Outside]:
        return table.copy(contract.kept_columns, _condition(table.mark, asked), target), table.outside(asked)

    received, outside = _from_snapshot(url, contract, asked.timezone, window)
    return Fetched(f"{source.connection}/{source.table}.csv", target, received, outside)


def list_rows(url: URL, contract: Contract, timezone: str, columns: Sequence[Column], target: Path) -> int:
    """Write some columns of all rows of the table to `target` as CSV, whatever their watermark; return how many rows there are.

    Raises:
        SourceError: as `fetch`.
    """
    return _from_snapshot(url, contract, timezone, lambda table: table.copy(columns, sql.SQL("true"), target))


def read(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
    """Return the records of a landed snapshot, read by the CSV reader."""
    return csv.read_written(stream, _expected(contract), where)


def read_blocks(stream: BinaryIO, contract: Contract, where: str, at_once: int = AT_ONCE) -> Iterator[Block]:
    """Return the same records as blocks, each of the lines in so many bytes (`at_once`)."""
    return csv.read_written_blocks(stream, _expected(contract), where, at_once)


def count(stream: BinaryIO, contract: Contract) -> int:  # noqa: ARG001 - the counters of all kinds are called alike
    """Return how many rows a landed snapshot holds, counted without the reader."""
    return count_written(stream)


def _expected(contract: Contract) -> Expected:
    return Expected(contract.code, tuple(column.source_name for column in contract.kept_columns))


def _source(contract: Contract) -> PostgresSource:
    assert isinstance(contract.source, PostgresSource)
    return contract.source


def _from_snapshot(url: URL, contract: Contract, timezone: str, work: Callable[[_Table], Answer]) -> Answer:
    """Return what work makes of the table as it is at one moment; after a failure that may pass, all of it is done again."""
    source = _source(contract)

    def once() -> Answer:
        try:
            with _connection(url, source, timezone) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                return work(_Table(connection, contract, _types(connection, source, contract)))
        except psycopg.Error as error:  # the error's own text may quote a row: only the SQLSTATE is reported
            found = f"the source database refused the query (SQLSTATE {error.sqlstate or 'none'})."
            if isinstance(error, psycopg.OperationalError) and (error.sqlstate and error.sqlstate[:2]) in PASSING:
                raise PassingError(found, ASK) from None
            raise refusal(source.place, found, "", ASK) from None

    return persistently(source.place, source.retry, once)


def _connection(url: URL, source: PostgresSource, timezone: str) -> psycopg.Connection:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return psycopg.connect(address, connect_timeout=10, options=f"{SETTINGS} -c timezone={timezone}")
    except psycopg.OperationalError:
        found = f"the source database does not answer at {url.host}:{url.port}/{url.database}, or refuses us."
        fix = f"start it, or correct HUILIU_CONNECTION_{source.connection.upper()}; the next run takes what was missed."
        raise PassingError(found, fix) from None


def _types(connection: psycopg.Connection, source: PostgresSource, contract: Contract) -> dict[str, str]:
    """Return the types of the table's columns, checked: all that are asked for are there, and the watermark is a moment."""
    table = _name(source).as_string(connection)
    exists = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    if not exists or not exists[0]:
        raise refusal(source.place, "the table does not exist, or we may not read it.", "", "restore it, or correct source.table.")
    there: dict[str, str] = dict(connection.execute(COLUMN_TYPES, (table,)).fetchall())
    wanted = [*(column.source_name for column in contract.kept_columns), source.watermark]
    missing = sorted(set(wanted).difference(there))
    if missing:
        found = f"columns are missing: {', '.join(missing)}."
        raise refusal(source.place, found, nearest_first(missing[0], list(there)), "restore them, or correct the contract.")
    if there[source.watermark] not in WATERMARKS:
        found = f"the watermark {source.watermark} is of the type {there[source.watermark]}, which is no moment."
        raise refusal(source.place, found, WATERMARKS_IN_WORDS, "name another column in source.watermark.")
    return there


def _condition(mark: Mark, asked: Window) -> sql.Composable:
    """Return the condition of a window; it also takes every row without a watermark, so that the gate can judge it."""
    within = mark.before(asked.last + timedelta(days=1))
    if asked.first is not None:
        within = sql.SQL("{} AND {}").format(within, mark.since(asked.first))
    return sql.SQL("({}) OR {} IS NULL").format(within, sql.Identifier(mark.name))


def _name(source: PostgresSource) -> sql.Identifier:
    return sql.Identifier(*source.table.split("."))
