"""Returns the city's register as a real source system: one PostgreSQL table without a primary key, fed in transactions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from sample_city.register import COLUMNS, Change, Row

TABLE = "household_registration"
FIELDS = ", ".join(f"{name} {'timestamp(0)' if name == 'update_time' else 'text'}" for name in COLUMNS)
CREATE = f"""
create table {TABLE} ({FIELDS});
create schema sample_city;
create table sample_city.city (people bigint not null, seed bigint not null, name text not null);
create table sample_city.fed (business_date date primary key, changes int not null);
"""
INDEX = f"create index on {TABLE} (id_no); create index on {TABLE} (update_time); analyze {TABLE}"


class SourceSystem:
    """The register's database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def city(self) -> tuple[int, int, str] | None:
        """Returns people, seed and city the register was built with, or None where it is not built."""
        with psycopg.connect(self.url) as connection:
            if self._value(connection, "select to_regclass('sample_city.city') is null"):
                return None
            return connection.execute("select people, seed, name from sample_city.city").fetchone()

    def build(self, rows: Iterable[Row], people: int, seed: int, name: str) -> int:
        """Returns the number of rows of the first load; all in one transaction."""
        with psycopg.connect(self.url) as connection:
            connection.execute(sql.SQL(CREATE))
            count = 0
            with connection.cursor().copy(f"copy {TABLE} from stdin") as copy:
                for count, row in enumerate(rows, start=1):  # noqa: B007 - the count is wanted after the loop
                    copy.write_row([text or None for text in row.values()])
            connection.execute(sql.SQL(INDEX))
            connection.execute("insert into sample_city.city values (%s, %s, %s)", (people, seed, name))
        return count

    def last_fed(self) -> date | None:
        """Returns the newest business date that was fed."""
        with psycopg.connect(self.url) as connection:
            day: date | None = self._value(connection, "select max(business_date) from sample_city.fed")
            return day

    def feed(self, day: date, changes: list[Change]) -> None:
        """Applies the changes of a day in one transaction, with the mark that the day is fed."""
        table = sql.Identifier(TABLE)
        delete = sql.SQL("delete from {} where id_no = %s").format(table)
        insert = sql.SQL("insert into {} values ({})").format(table, sql.SQL(", ").join([sql.Placeholder()] * len(COLUMNS)))
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.executemany(delete, [(change.replaces,) for change in changes if change.replaces])
            cursor.executemany(insert, [[text or None for text in change.row.values()] for change in changes])
            cursor.execute("insert into sample_city.fed values (%s, %s)", (day, len(changes)))

    @staticmethod
    def _value(connection: psycopg.Connection[Any], query: str) -> Any:
        row = connection.execute(sql.SQL(query)).fetchone()
        return row[0] if row else None
