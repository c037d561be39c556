"""A source table on a real server: one snapshot, a window with overlap, empty deliveries, and a source that fails."""

from __future__ import annotations

import time
from datetime import date
from threading import Thread
from typing import Any

import psycopg
import pytest

from lakehouse.config import Instance
from lakehouse.connections import connection_url
from lakehouse.contracts.model import Contract
from lakehouse.ingest import intake
from lakehouse.ingest.arrival import Search
from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import reader_of
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, tickets
from tests.lakehouse.ingest.readers.contract import SOURCES, column, contract
from tests.plugin.servers import changed

pytestmark = pytest.mark.spark

FIRST, SECOND, THIRD, LATER = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 8)
Rows = list[tuple[str | None, ...]]


@pytest.fixture
def things(instance: Instance) -> Contract:
    execute(instance, "create table things (b text, secret text, a text, changed_at timestamp(0))")
    return contract("postgres", "a", "b", "changed_at", dropped=("secret",))


def execute(instance: Instance, statement: str) -> None:
    url = connection_url(instance, "source_city").set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def take(instance: Instance, of: Contract, on: date, *, refetch: bool = False) -> list[Rows]:
    """Run the extract step and return the rows of each batch."""
    found = []
    for batch in intake.take(instance, Search(of, on, refetch=refetch)).waiting:
        with open_landed(open_area(instance, "landing"), batch) as stream:
            records = list(reader_of(of).read(stream, of, batch.source_object))
        with open_landed(open_area(instance, "landing"), batch) as stream:
            assert batch.received == reader_of(of).count(stream, of) == len(records)
        found.append([record.texts for record in records if record.texts])
        with connect(instance) as connection:
            batches.record_bronze(connection, [batch.batch_id])
    return found


def open_messages(instance: Instance, kind: str = "unusable") -> list[str]:
    with connect(instance) as connection:
        return [ticket.message for ticket in tickets.find(connection, kind=kind, only_open=True)]


def test_a_window_overlaps_and_an_empty_one_is_a_delivery(instance: Instance, things: Contract) -> None:
    execute(
        instance,
        """insert into things (a, b, changed_at) values
        ('1', 'old', '2020-01-01 10:00'), ('2', 'comma, "quote"' || chr(10) || 'newline', '2026-06-01 23:59:59'),
        ('3', '', '2026-06-02 00:00:00'), ('4', null, null)""",
    )
    first: Rows = [("1", "old", "2020-01-01 10:00:00"), ("2", 'comma, "quote"\nnewline', "2026-06-01 23:59:59"), ("4", None, None)]
    assert take(instance, things, FIRST) == [first]
    assert take(instance, things, FIRST) == []
    execute(instance, "delete from things where a = '4'")
    assert take(instance, things, SECOND) == [[("2", first[1][1], first[1][2]), ("3", None, "2026-06-02 00:00:00")]]
    assert take(instance, things, LATER) == [[("2", first[1][1], first[1][2]), ("3", None, "2026-06-02 00:00:00")]]
    assert take(instance, things, date(2026, 6, 20)) == [[]]


def test_only_refetch_asks_again(instance: Instance, things: Contract) -> None:
    execute(instance, "insert into things (a, b, changed_at) values ('1', 'x', '2026-06-01 10:00')")
    take(instance, things, FIRST)
    execute(instance, "update things set b = 'y'")
    assert take(instance, things, FIRST) == []
    assert take(instance, things, FIRST, refetch=True) == [[("1", "y", "2026-06-01 10:00:00")]]


def test_the_order_of_rows_does_not_depend_on_the_table(instance: Instance, things: Contract) -> None:
    values = ["('b', 'ä', '2026-06-01')", "('a', 'z', '2026-06-01')", "('a', 'Z', '2026-06-01')"]
    execute(instance, f"insert into things (a, b, changed_at) values {', '.join(values)}")
    take(instance, things, FIRST)
    execute(instance, f"truncate things; insert into things (a, b, changed_at) values {', '.join(reversed(values))}")
    again = intake.take(instance, Search(things, FIRST, refetch=True))
    assert (again.landed, again.waiting) == (0, [])


def test_a_broken_source_gets_a_ticket_until_it_is_repaired(instance: Instance, things: Contract) -> None:
    execute(instance, "alter table things rename column b to c")
    assert take(instance, things, FIRST) == []
    assert "source_city: table things:\n  columns are missing: b." in open_messages(instance)[0]
    execute(instance, "alter table things rename to elsewhere")
    assert take(instance, things, FIRST) == []
    assert "the table does not exist" in open_messages(instance)[0]
    away = changed(instance, connections={**instance.settings.connections, "source_city": "postgresql://u:hidden@127.0.0.1:9/source_city"})
    assert take(away, things, FIRST) == []
    assert "does not answer at 127.0.0.1:9" in open_messages(instance)[0]
    assert "(2 attempts over 1 s)" in open_messages(instance)[0]
    assert "hidden" not in open_messages(instance)[0]
    assert len(open_messages(instance)) == 1
    execute(instance, "alter table elsewhere rename to things; alter table things rename column c to b")
    assert take(instance, things, SECOND) == [[]]
    assert open_messages(instance) == []


def test_a_source_whose_connection_breaks_off_is_asked_again(instance: Instance, things: Contract) -> None:
    """The server ends the first connection while it copies rows; the whole window is fetched again."""
    execute(instance, "insert into things (a, b, changed_at) values ('1', 'x', '2026-06-01 10:00')")
    execute(instance, "alter table things rename to kept")
    execute(instance, "create view things as select a, b || pg_sleep(1)::text as b, secret, changed_at from kept")
    url = connection_url(instance, "source_city").set(drivername="postgresql").render_as_string(hide_password=False)
    ended: list[int] = []

    def end_the_first_copy() -> None:
        copying = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'COPY (SELECT%' and datname = current_database()"
        with psycopg.connect(url, autocommit=True) as connection:
            for _ in range(600):
                if found := connection.execute(copying).fetchall():
                    ended.append(len(found))
                    return
                time.sleep(0.05)

    ending = Thread(target=end_the_first_copy)
    ending.start()
    rows = take(instance, things, FIRST)
    ending.join()
    assert (ended, rows) == ([1], [[("1", "x", "2026-06-01 10:00:00")]])


MOMENT, DAY, NUMBER, LONG_TERM = {"type": "timestamp"}, {"type": "date"}, {"type": "number"}, ("trim", "open_ended")
COMPACT, SLASHED = {**MOMENT, "format": "yyyyMMddHHmmss"}, {**DAY, "format": "yyyy/MM/dd"}
KEPT_AS: list[tuple[str, dict[str, Any], dict[str | None, str | None]]] = [  # type there, column of the contract, values there as they come
    ("timestamp(6)", MOMENT, {"2026-06-01 10:00:00.120000": "2026-06-01 10:00:00.12", "0044-03-15 10:00:00 BC": "0044-03-15 10:00:00 BC"}),
    ("timestamptz", MOMENT, {"2026-05-31 16:00:00+00": "2026-06-01 00:00:00", "infinity": "infinity", None: None}),
    ("timestamptz", COMPACT, {"2026-05-31 17:02:03.5+00": "20260601010203.5", "0099-01-01 00:00:00+08": "00990101000543"}),
    ("date", MOMENT, {"2026-06-01": "2026-06-01 00:00:00", "-infinity": "-infinity"}),
    ("date", SLASHED, {"2026-06-01": "2026/06/01", "10000-01-01": "10000-01-01"}),
    ("timestamp", DAY, {"1990-03-07 00:00:00": "1990-03-07", "1990-03-07 08:30:00.5": "1990-03-07 08:30:00.5"}),
    ("timestamptz", SLASHED, {"1990-03-06 16:00:00+00": "1990/03/07", "1990-03-07 00:00:00+00": "1990-03-07 08:00:00"}),
    ("date", {**DAY, "format": "yyyyMMdd", "normalise": LONG_TERM}, {"infinity": "99991231", "2099-12-31": "20991231"}),
    ("timestamp", {**DAY, "normalise": LONG_TERM}, {"infinity": "9999-12-31", "-infinity": "-infinity", None: None}),
    ("date", {}, {"2026-06-01": "2026-06-01"}),
    ("numeric(20, 6)", NUMBER, {"12.340000": "12.34", "NaN": "NaN", "1000": "1000", "-0.500000": "-0.5", None: None}),
    ("fee", NUMBER, {"0.500000": "0.5"}),
    ("float8", NUMBER, {"1e-7": "0.0000001", "1e20": "1" + "0" * 20, "Infinity": "Infinity", "0.1": "0.1"}),
    ("float4", NUMBER, {"0.1": "0.1"}),
    ("money", NUMBER, {"$1,234.50": "1234.5"}),
    ("numeric(10, 2)", {"type": "integer"}, {"3.00": "3", "0.50": "0.5"}),
    ("float8", {}, {"13900000000": "13900000000"}),
    ("smallint", {}, {"7": "7"}),
    ("bigint", {"type": "integer"}, {"9007199254740993": "9007199254740993"}),
    ("boolean", {"type": "boolean"}, {"t": "true", "f": "false", None: None}),
    ("boolean", {"type": "integer"}, {"t": "1", "f": "0"}),
    ("boolean", {}, {"t": "true"}),
    ("char(8)", {}, {"ab": "ab"}),
    ("mood", {}, {"乙": "乙"}),
    ("text", MOMENT, {"2026-6-1": "2026-6-1"}),
]
DOMAINS = "create domain money_of_city as numeric(20, 6); create domain fee as money_of_city; create type mood as enum ('甲', '乙')"


def test_a_value_is_judged_whatever_type_the_source_keeps_it_in(instance: Instance) -> None:
    fields = [f"c{place} {stored}" for place, (stored, _, _) in enumerate(KEPT_AS)]
    execute(instance, f"{DOMAINS}; create table things (id text, changed_at timestamptz, {', '.join(fields)})")
    expected = {}
    for place, (_, _, values) in enumerate(KEPT_AS):
        for number, (value, text) in enumerate(values.items()):
            name = f"{place:02d}_{number}"
            execute(instance, f"insert into things (id, changed_at, c{place}) values ('{name}', '2026-06-01', {literal(value)})")
            expected[name] = text
    columns = [column("id", key=True), column("changed_at", **MOMENT)]
    columns += [column(f"c{place}", **declared) for place, (_, declared, _) in enumerate(KEPT_AS)]
    [rows] = take(instance, contract("postgres", "id", columns=columns), FIRST)
    assert {str(row[0]): row[2 + int(str(row[0])[:2])] for row in rows} == expected


def literal(value: str | None) -> str:
    return "null" if value is None else f"'{value}'"


WATERMARKS: list[
    tuple[str, dict[str, Any], tuple[str, str, str]]
] = [  # type there, column of the contract: before, in and after the window
    ("timestamptz", MOMENT, ("2026-05-29 15:59:59+00", "2026-05-29 16:00:00+00", "2062-01-01")),
    ("date", DAY, ("2026-05-29", "2026-05-30", "infinity")),
    ("text", COMPACT, ("20260529235959", "20260530000000", "20620101000000")),
    ("varchar(20)", {**MOMENT, "format": "yyyy/MM/dd HH:mm:ss"}, ("2026/05/29 23:59:59", "2026/05/30 00:00:00", "2062/01/01 00:00:00")),
    ("char(30)", {}, ("2026-05-29 23:59:59", "2026-05-30 00:00:00", "soon")),
]


def test_windows_follow_the_type_of_the_watermark(instance: Instance) -> None:
    for place, (stored, declared, (before, within, later)) in enumerate(WATERMARKS):
        table = f"things_{place}"
        execute(instance, f"create table {table} (a text, changed_at {stored})")
        columns = [column("a", key=True), column("changed_at", **declared)]
        of = contract("postgres", "a", columns=columns, code=table, source={**SOURCES["postgres"], "table": table})
        assert take(instance, of, FIRST) == [[]]
        execute(instance, f"insert into {table} values ('1', '{before}'), ('2', '{within}'), ('3', '{later}'), ('4', null)")
        [rows] = take(instance, of, SECOND)
        assert [row[0] for row in rows] == ["2", "4"]
        told = open_messages(instance, "unreached")[place]
        assert told.startswith(f"source_city: table {table}:\n  rows dated later than 2026-06-03, where no window reaches them: 1.\n")
        assert "  rows that came since the last look, dated before the window, the earliest on 2026-05-29: 1.\n" in told
        assert f"`huiliu ingest {table} --refetch --since 2026-05-29 --date 2026-06-02`" in told


def test_a_watermark_that_is_no_moment_is_refused_by_name(instance: Instance) -> None:
    execute(instance, "create table things (a text, changed_at bigint)")
    assert take(instance, contract("postgres", "a", "changed_at"), FIRST) == []
    [told] = open_messages(instance)
    assert "the watermark changed_at is of the type int8, which is no moment." in told
    assert "Allowed: date, timestamp, timestamp with time zone, text in the declared format" in told


def test_rows_no_window_reaches_are_told_until_they_are_taken_or_gone(instance: Instance, things: Contract) -> None:
    execute(instance, "insert into things (a, changed_at) values ('1', '2020-01-01'), ('2', 'infinity')")
    take(instance, things, FIRST)
    assert len(open_messages(instance, "unreached")) == 1
    execute(instance, "update things set changed_at = '2026-06-03' where a = '2'")  # the next window will reach it
    take(instance, things, SECOND)
    assert open_messages(instance, "unreached") == []
    execute(instance, "insert into things (a, changed_at) values ('3', '2020-01-01'), ('4', '-infinity')")
    take(instance, things, THIRD)
    [told] = open_messages(instance, "unreached")
    assert "dated before the window, the earliest on 2020-01-01: 2." in told
    assert intake.take(instance, Search(things, SECOND, refetch=True)).unusable == []  # an earlier day says nothing new
    assert open_messages(instance, "unreached") == [told]
    execute(instance, "delete from things where a = '4'")
    [rows] = take(instance, things, LATER)
    assert "1" not in [row[0] for row in rows]
    assert len(open_messages(instance, "unreached")) == 1
    search = Search(things, LATER, refetch=True, since=date(2020, 1, 1))
    [batch] = intake.take(instance, search).waiting
    assert batch.received == 3
    assert open_messages(instance, "unreached") == []
