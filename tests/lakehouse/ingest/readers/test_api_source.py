"""An API source up to landing: a failing run is a gap with a ticket, and the next run's window covers the missed dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest

from lakehouse.config import Instance
from lakehouse.connections import api_endpoint, connection_url
from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError
from lakehouse.ingest import intake
from lakehouse.ingest.arrival import Search
from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import reader_of
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, tickets
from tests.lakehouse.ingest.readers.contract import contract
from tests.plugin.servers import changed, settings

MONDAY, TUESDAY, WEDNESDAY, NEXT = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 8)
SOURCE = {"kind": "api", "connection": "city_api", "path": "/residence-permits", "watermark": "update_time", "pageSize": 2}
TABLES = """
create schema sample_city;
create table sample_city.api_fault (path text not null, updated_to date not null, fault text not null);
create table api_residence_permit (permit_no text, person_name text, update_time timestamp(0));
insert into api_residence_permit values ('1', '张三', '2020-01-01 10:00'), ('2', null, '2026-06-01 23:59:59'),
  ('3', 'x', '2026-06-02 00:00:00'), ('4', 'y', '2026-06-03 08:00:00');
insert into sample_city.api_fault values ('/residence-permits', '2026-06-01', 'error_body');
"""


def take(instance: Instance, of: Contract, on: date) -> list[list[tuple[str | None, ...] | None]]:
    found = []
    for batch in intake.take(instance, Search(of, on)).waiting:
        with open_landed(open_area(instance, "landing"), batch) as stream:
            records = list(reader_of(of).read(stream, of, batch.source_object))
        assert batch.received == len(records)
        found.append([record.texts for record in records])
        with connect(instance) as connection:
            batches.record_bronze(connection, [batch.batch_id])
    return found


def open_subjects(instance: Instance) -> list[str]:
    with connect(instance) as connection:
        return [ticket.subject for ticket in tickets.find(connection, kind="unusable", only_open=True)]


@pytest.mark.spark
def test_what_a_failing_run_missed_comes_with_the_next(instance: Instance) -> None:
    url = connection_url(instance, "source_city").set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute(TABLES)
    permits = contract("csv", "permit_no", "person_name", "update_time", source=SOURCE, cycle={"every": "week", "dueHours": 9})
    assert take(instance, permits, MONDAY) == []
    assert open_subjects(instance) == ["t_thing|city_api/residence-permits"]
    old = [("1", "张三", "2020-01-01 10:00:00"), ("2", None, "2026-06-01 23:59:59"), ("3", "x", "2026-06-02 00:00:00")]
    assert take(instance, permits, TUESDAY) == [old]
    assert open_subjects(instance) == []
    assert take(instance, permits, WEDNESDAY) == []
    assert take(instance, permits, NEXT) == [[old[1], old[2], ("4", "y", "2026-06-03 08:00:00")]]


@pytest.mark.fast
def test_the_key_to_the_sample_is_shown_to_no_other_server(tmp_path: Path) -> None:
    ours = Instance(settings(home=tmp_path))
    ours.key_path("city_api.client").write_text("huiliu:ours\n")
    elsewhere = {"city_api": "https://data.example.gov.cn/share/"}
    with pytest.raises(ConfigError, match="no credentials"):
        api_endpoint(changed(ours, connections=elsewhere), "city_api")
    found = api_endpoint(changed(ours, connections=elsewhere, secrets={"city_api": "them:theirs"}), "city_api")
    assert (found.base, found.client_id, found.client_secret) == ("https://data.example.gov.cn/share", "them", "theirs")
    assert "theirs" not in repr(found)
    for wrong in ("ftp://x", "http://user:password@x", "postgresql://x/y", "http://x/?a=b"):
        with pytest.raises(ConfigError) as told:
            api_endpoint(changed(ours, connections={"city_api": wrong}, secrets={"city_api": "them:theirs"}), "city_api")
        assert wrong not in str(told.value)
