"""The city's source database: PostgreSQL tables without primary keys, fed in transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from sample_city.sources.table_source import Fault, TableSource

CREATE = """
create schema sample_city;
create table sample_city.city (people bigint not null, seed bigint not null, name text not null);
create table sample_city.fed (business_date date primary key, changes int not null);
create table sample_city.api_fault (path text not null, updated_to date not null, fault text not null);
"""
City = tuple[int, int, str]  # people, seed and city


class SourceSystem:
    """The database of the registers."""

    def __init__(self, url: str) -> None:
        self.url = url

    def city(self) -> City | None:
        """Return people, seed and city the registers were built with, or None where they are not built."""
        with psycopg.connect(self.url) as connection:
            if self._value(connection, "select to_regclass('sample_city.city') is null"):
                return None
            return connection.execute("select people, seed, name from sample_city.city").fetchone()

    def build(self, tables: Iterable[TableSource], faults: Iterable[Fault], city: City) -> int:
        """Create and load all tables in one transaction; return the number of rows loaded."""
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL(CREATE))
            count = sum(self._load(cursor, table) for table in tables)
            cursor.executemany("insert into sample_city.api_fault values (%s, %s, %s)", list(faults))
            cursor.execute("insert into sample_city.city values (%s, %s, %s)", city)
        return count

    def last_fed(self) -> date | None:
        """Return the newest business date that was fed."""
        with psycopg.connect(self.url) as connection:
            day: date | None = self._value(connection, "select max(business_date) from sample_city.fed")
            return day

    def feed(self, tables: Iterable[TableSource], day: date) -> None:
        """Apply the changes of a day to all tables in one transaction, with the mark that the day is fed."""
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            count = sum(self._change(cursor, source, day) for source in tables)
            cursor.execute("insert into sample_city.fed values (%s, %s)", (day, count))

    @staticmethod
    def _load(cursor: psycopg.Cursor[Any], source: TableSource) -> int:
        table, name = source.table, sql.Identifier(source.table.name)
        fields = [sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(_type(column))) for column in table.columns]
        cursor.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(fields)))
        count = 0
        with cursor.copy(sql.SQL("copy {} from stdin").format(name)) as copy:
            for count, row in enumerate(source.first_load(), start=1):  # noqa: B007 - the count is wanted after the loop
                copy.write_row([row[column] or None for column in table.columns])
        for column in (table.key, "update_time"):
            cursor.execute(sql.SQL("create index on {} ({})").format(name, sql.Identifier(column)))
        cursor.execute(sql.SQL("analyze {}").format(name))
        return count

    @staticmethod
    def _change(cursor: psycopg.Cursor[Any], source: TableSource, day: date) -> int:
        table, name, changes = source.table, sql.Identifier(source.table.name), source.changes(day)
        places = sql.SQL(", ").join([sql.Placeholder()] * len(table.columns))
        delete = sql.SQL("delete from {} where {} = %s").format(name, sql.Identifier(table.key))
        cursor.executemany(delete, [(change.replaces,) for change in changes if change.replaces])
        rows: Sequence[Sequence[str | None]] = [[change.row[column] or None for column in table.columns] for change in changes]
        cursor.executemany(sql.SQL("insert into {} values ({})").format(name, places), rows)
        return len(changes)

    @staticmethod
    def _value(connection: psycopg.Connection[Any], query: str) -> Any:
        row = connection.execute(sql.SQL(query)).fetchone()
        return row[0] if row else None


def _type(column: str) -> str:
    return "timestamp(0)" if column == "update_time" else "text"
