"""Fetch a window of a source table as CSV: one repeatable-read transaction, rows chosen by watermark, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg import sql
from sqlalchemy import URL
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from lakehouse.contracts.model import Contract, PostgresSource
from lakehouse.errors import nearest_first
from lakehouse.ingest.readers import csv
from lakehouse.ingest.readers.csv_count import count_written
from lakehouse.ingest.readers.delivery import Fetched
from lakehouse.ingest.readers.header import Expected
from lakehouse.ingest.readers.records import Record, refusal
from lakehouse.ingest.readers.window import Window

SETTINGS = "-c datestyle=ISO -c client_encoding=UTF8 -c statement_timeout=600000 -c lock_timeout=30000"


def fetch(url: URL, contract: Contract, asked: Window, target: Path) -> Fetched:
    """Write the rows of a window to `target` and return what was fetched; the rows are counted in the same snapshot.

    Raises:
        SourceError: the source does not answer, or the table or a column is not there (any more).
    """
    source = _source(contract)
    try:
        with _connection(url, source, asked.timezone) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            _check_columns(connection, source, contract)
            received = _copy(connection, contract, asked, target)
    except psycopg.Error as error:  # the error's own text may quote a row: only the SQLSTATE is reported
        found = f"the source database refused the query (SQLSTATE {error.sqlstate or 'none'})."
        raise refusal(_where(source), found, "", "ask the department that runs the source.") from None
    return Fetched(f"{source.connection}/{source.table}.csv", target, received)


def read(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
    """Return the records of a landed snapshot, read by the CSV reader."""
    return csv.read_written(stream, Expected(contract.code, tuple(column.source_name for column in contract.kept_columns)), where)


def count(stream: BinaryIO, contract: Contract) -> int:  # noqa: ARG001 - the counters of all kinds are called alike
    """Return how many rows a landed snapshot holds, counted without the reader."""
    return count_written(stream)


def _source(contract: Contract) -> PostgresSource:
    assert isinstance(contract.source, PostgresSource)
    return contract.source


def _where(source: PostgresSource) -> str:
    return f"{source.connection}: table {source.table}"


def _connection(url: URL, source: PostgresSource, timezone: str) -> psycopg.Connection:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    again = retry_if_exception_type(psycopg.OperationalError)
    try:
        return Retrying(stop=stop_after_attempt(3), wait=wait_fixed(1), retry=again, reraise=True)(
            psycopg.connect, address, connect_timeout=10, options=f"{SETTINGS} -c timezone={timezone}"
        )
    except psycopg.OperationalError:
        found = f"the source database does not answer at {url.host}:{url.port}/{url.database}, or refuses us."
        fix = f"start it, or correct HUILIU_CONNECTION_{source.connection.upper()}; the next run takes what was missed."
        raise refusal(_where(source), found, "", fix) from None


def _check_columns(connection: psycopg.Connection, source: PostgresSource, contract: Contract) -> None:
    table = _table(source).as_string(connection)
    exists = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    if not exists or not exists[0]:
        raise refusal(_where(source), "the table does not exist, or we may not read it.", "", "restore it, or correct source.table.")
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum", (table,)
    )
    there = [row[0] for row in rows]
    wanted = [*(column.source_name for column in contract.kept_columns), source.watermark]
    missing = sorted(set(wanted).difference(there))
    if missing:
        found = f"columns are missing: {', '.join(missing)}."
        raise refusal(_where(source), found, nearest_first(missing[0], there), "restore them, or correct the contract.")


def _copy(connection: psycopg.Connection, contract: Contract, asked: Window, target: Path) -> int:
    source = _source(contract)
    columns = [sql.Identifier(column.source_name) for column in contract.kept_columns]
    rows = sql.SQL(" FROM {} WHERE {}").format(_table(source), _condition(source, asked))
    order = sql.SQL(", ").join(sql.SQL('{}::text COLLATE "C"').format(column) for column in columns)
    query = sql.SQL("COPY (SELECT {}{} ORDER BY {}) TO STDOUT (FORMAT csv, HEADER)").format(sql.SQL(", ").join(columns), rows, order)
    counted = connection.execute(sql.SQL("SELECT count(*)") + rows).fetchone()
    with target.open("wb") as file, connection.cursor().copy(query) as parts:
        for part in parts:
            file.write(part)
    return int(counted[0]) if counted else 0


def _condition(source: PostgresSource, asked: Window) -> sql.Composable:
    """Return the condition of a window; it also takes every row without a watermark, so that the gate can judge it."""
    mark, end = sql.Identifier(source.watermark), asked.last + timedelta(days=1)
    within = sql.SQL("{} < {}").format(mark, sql.Literal(f"{end.isoformat()} 00:00:00"))
    if asked.first is not None:
        within += sql.SQL(" AND {} >= {}").format(mark, sql.Literal(f"{asked.first.isoformat()} 00:00:00"))
    return sql.SQL("({}) OR {} IS NULL").format(within, mark)


def _table(source: PostgresSource) -> sql.Identifier:
    return sql.Identifier(*source.table.split("."))
