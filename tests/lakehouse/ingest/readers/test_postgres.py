"""A source table on a real server: one snapshot, a window with overlap, empty deliveries, and a source that fails."""

from __future__ import annotations

from datetime import date

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
from tests.lakehouse.ingest.readers.contract import contract
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


def open_messages(instance: Instance) -> list[str]:
    with connect(instance) as connection:
        return [ticket.message for ticket in tickets.find(connection, kind="unusable", only_open=True)]


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
    assert "hidden" not in open_messages(instance)[0]
    assert len(open_messages(instance)) == 1
    execute(instance, "alter table elsewhere rename to things; alter table things rename column c to b")
    assert take(instance, things, SECOND) == [[]]
    assert open_messages(instance) == []
