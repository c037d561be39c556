"""A data engineer's week: the commands of its page are given as they are written, on a copy of the city that lived three days."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from lakehouse.config import PROJECT, Instance
from lakehouse.connections import connection_url
from tests.e2e.terminal import PAGE, Terminal, blocks, missing
from tests.plugin.lived import Lived
from tests.plugin.servers import DATABASES, at, fresh_home, serving

pytestmark = pytest.mark.e2e
FOLDERS = ("store", "sample", "inbox")
GIVEN_BEFORE = ("huiliu run --people 600 --days 3", "huiliu up")  # the city has lived these days, and its servers run
ELSEWHERE = {"11. The same through Airflow"}  # test_scheduler.py


@pytest.fixture
def engineer(servers: Instance, lived_city: Lived, tmp_path: Path) -> Iterator[Terminal]:
    """Return a terminal in a clone whose next instance is the city after three days."""
    with fresh_home(servers, tmp_path / "week" / "var") as home, at(home):
        move_in(lived_city.instance, home)
        with serving(home):
            yield Terminal(PROJECT, {**os.environ, "HOME": str(tmp_path)}, GIVEN_BEFORE)


def move_in(lived: Instance, home: Instance) -> None:
    """Copy what an instance has stored and recorded into another one on the same servers; both have the same keys."""
    for name in FOLDERS:
        shutil.copytree(lived.home / name, home.home / name, dirs_exist_ok=True)
    for name in DATABASES:
        source, target = connection_url(lived, name), connection_url(home, name)
        with psycopg.connect(_told(target.set(database="postgres")), autocommit=True) as connection:
            names = sql.Identifier(target.database or ""), sql.Identifier(source.database or "")
            connection.execute(sql.SQL("drop database {} with (force)").format(names[0]))
            connection.execute(sql.SQL("create database {} template {}").format(*names))


def _told(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_the_week_goes_as_the_page_tells(engineer: Terminal) -> None:
    for block in blocks(PAGE.read_text("utf-8")):
        if block.chapter not in ELSEWHERE:
            code, said = engineer.run(block)
            assert (code, missing(block.shown, said)) == (block.code, []), f"{block.chapter}:\n{said}"
