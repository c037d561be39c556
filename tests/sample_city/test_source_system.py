"""The source database is fed on a real PostgreSQL: once per day, in order, completely or not at all."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from application import sample
from infra.local import postgres
from lakehouse.config import Instance
from lakehouse.connections import connection_url
from lakehouse.errors import ConfigError
from sample_city.world.people import FIRST_DAY
from tests.plugin.servers import changed, settings

pytestmark = pytest.mark.spark
SECOND_DAY = FIRST_DAY + timedelta(days=1)


@pytest.fixture
def instance(servers: Instance, tmp_path: Path) -> Instance:
    """Return an instance with an empty home and an empty register on the shared PostgreSQL."""
    name = f"register_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres.dsn(servers, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return Instance(settings(home=tmp_path, connections={"source_city": postgres.dsn(servers, name)}))


def contents(instance: Instance) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return a digest of the rows of each table and all files of inbox, truth and labels."""
    url = connection_url(instance, "source_city").set(drivername="postgresql").render_as_string(hide_password=False)
    query = sql.SQL("select md5(string_agg(one::text, '|' order by one::text)) from {} one")
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()]
        rows = {name: str(connection.execute(query.format(sql.Identifier(name))).fetchone()) for name in names}
    assert rows.keys() >= {"household_registration", "enterprise_registration", "api_residence_permit", "api_disability_certificate"}
    files = [path for name in ("inbox", "sample") for path in instance.folder(name).rglob("*") if path.is_file()]
    return rows, {str(path.relative_to(instance.home)): path.read_bytes() for path in files}


def test_city_is_built_and_fed_once(instance: Instance) -> None:
    assert sample.ensure(instance, 300, 7)["register_rows"] > 300
    assert sample.feed(instance, SECOND_DAY) == [FIRST_DAY, SECOND_DAY]
    before = contents(instance)
    assert sample.ensure(instance, 300, 7)["register_rows"] == 0
    assert sample.feed(instance, FIRST_DAY) == sample.feed(instance, SECOND_DAY) == []
    assert contents(instance) == before


def test_day_that_stopped_half_way_is_fed_again(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.ensure(instance, 300, 7)
    with monkeypatch.context() as cut:
        cut.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            sample.feed(instance, FIRST_DAY)
    rows, files = contents(instance)
    assert "inbox/g_person_check/2026-06-01_1.jsonl" in files
    assert sample.feed(instance, FIRST_DAY) == [FIRST_DAY]
    after, files_after = contents(instance)
    assert files_after == files
    assert after != rows


def test_another_city_or_an_early_day_is_refused(instance: Instance) -> None:
    with pytest.raises(ConfigError, match="there is no sample city yet"):
        sample.feed(instance, FIRST_DAY)
    sample.ensure(instance, 300, 7)
    with pytest.raises(ConfigError, match="already holds a city with people=300, seed=7"):
        sample.ensure(instance, 300, 8)
    with pytest.raises(ConfigError, match="begins on 2026-06-01"):
        sample.feed(instance, FIRST_DAY - timedelta(days=1))
    with pytest.raises(ConfigError, match="200 to"):
        sample.ensure(instance, 10, 7)


def test_a_database_that_does_not_answer_is_named(instance: Instance) -> None:
    away = changed(instance, connections={"source_city": "postgresql://huiliu@127.0.0.1:1/nobody"})
    with pytest.raises(ConfigError, match=r"huiliu sample day 2026-06-01:\n.*does not answer at 127\.0\.0\.1:1/nobody.*\n.*huiliu up"):
        sample.feed(away, FIRST_DAY)
