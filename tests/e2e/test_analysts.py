"""Ways an analyst uses the three days: read-only SQL, Delta without Spark, the cookbook, the report page."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from huiliu.main import app
from lakehouse.config import PROJECT
from lakehouse.errors import ConfigError
from spark_jobs.lake.storage import tables, versions
from tests.application.pages.browser import see
from tests.e2e.cookbook import PAGE, asked, recipes
from tests.plugin.lived import DAYS, Lived

pytestmark = pytest.mark.e2e
WRITES = (
    "insert into base.person select * from base.person",
    "create table base.mine (a int)",
    "drop table base.person",
    "set a=b",
    "create or replace view base.mine as select 1",
    "merge into base.person a using base.person b on a.id_no = b.id_no when matched then delete",
    "update base.person set person_name = ''",
    "delete from base.person",
    "truncate table base.person",
    "add jar '/tmp/x.jar'",
    "use base",
    "select 1; drop table base.person",
    "select 1) t; drop table base.person; select * from (select 1",
    "with a as (select 1) insert into base.person select * from a",
    "insert overwrite directory '/tmp/x' using parquet select 1",
    "from base.person insert into base.person select *",
    "cache table base.person",
    "begin drop table base.person; end",
    "execute immediate 'drop table base.person'",
    "optimize base.person",
    "vacuum base.person",
    "refresh table base.person",
    "call system.x()",
    "analyze table base.person compute statistics",
    "restore table base.person to version as of 0",
    "/* select */ drop table base.person",
    "/* /* */ describe */ drop table base.person",
    "select transform(person_name) using 'cat' as (a string) from base.person",
)


def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command and return its output."""
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code in codes, done.output
    return done.stdout


@pytest.mark.usefixtures("lived")
def test_rows_come_as_table_csv_and_json() -> None:
    statement = "select household_no, count(*) as people from base.person group by household_no order by 2 desc, 1"
    found = json.loads(run("sql", statement, "--limit", "3", "--json"))
    assert (found["columns"], len(found["rows"])) == (["household_no", "people"], 3)
    rows = list(csv.reader(io.StringIO(run("sql", statement, "--limit", "3", "--format", "csv").removeprefix("\ufeff"))))
    assert rows == [found["columns"], *[["" if cell is None else str(cell) for cell in row] for row in found["rows"]]]
    assert str(found["rows"][0][1]) in run("sql", statement, "--limit", "3")
    assert "household_no" in run("sql", "describe table base.person")
    assert run("sql", statement, "--limit", "1", "--format", "json") == json.dumps(dict(zip(rows[0], found["rows"][0], strict=True))) + "\n"


@pytest.mark.usefixtures("lived")
def test_a_file_says_by_its_name_what_it_holds(tmp_path: Path) -> None:
    written = {form: tmp_path / f"answer.{form}" for form in ("xlsx", "parquet", "csv")}
    statement = "select id_no, birth_date, is_alive from base.person order by 1"
    for file in written.values():
        assert run("sql", statement, "--limit", "5", "--output", str(file)) == ""
    rows = pq.read_table(written["parquet"]).to_pylist()
    assert [type(value) for value in rows[0].values()] == [str, date, bool]
    page = openpyxl.load_workbook(written["xlsx"]).active
    assert [[cell.value for cell in row] for row in page.iter_rows(min_row=2)] == [
        [row["id_no"], datetime.combine(row["birth_date"], time()), row["is_alive"]] for row in rows
    ]
    with pytest.raises(ConfigError, match=r"--output answer\.parquet"):
        CliRunner().invoke(app, ["sql", statement, "--format", "parquet"], catch_exceptions=False)


@pytest.mark.parametrize("statement", WRITES)
def test_nothing_that_writes_is_let_through(lived: Lived, statement: str) -> None:
    before = versions(lived.instance)
    with pytest.raises(ConfigError):
        CliRunner().invoke(app, ["sql", statement], catch_exceptions=False)
    assert versions(lived.instance) == before
    assert "base.mine" not in tables(lived.instance)


@pytest.mark.usefixtures("lived")
def test_an_error_never_quotes_the_data() -> None:
    name = json.loads(run("sql", "select max(person_name) from base.person", "--json"))["rows"][0][0]
    failed = asked_by_a_user("select cast(person_name as int) from base.person where person_name is not null")
    assert "CAST_INVALID_INPUT" in failed
    assert name not in failed
    assert "nobody_knows" in asked_by_a_user("select nobody_knows from base.person")


def asked_by_a_user(statement: str) -> str:
    """Run a failing statement in a process of its own and return the message the user sees."""
    command = [sys.executable, "-m", "huiliu.main", "sql", statement]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "table",
    ["thematic.address", "thematic.market_regulation", "thematic.social_assistance", "thematic.facility_event", "special.safety_net"],
)
def test_thematic_and_special_tables_are_read_without_spark(lived: Lived, table: str) -> None:
    folder = lived.instance.home / "store" / "lake" / table.replace(".", os.sep)
    rows = DeltaTable(str(folder)).to_pyarrow_dataset()
    with duckdb.connect() as database:
        database.register("curated", rows)
        counted = database.sql("select count(*), count(distinct street_code) from curated").fetchall()
    said = json.loads(run("sql", f"select count(*), count(distinct street_code) from {table}", "--json"))["rows"]
    assert [list(row) for row in counted] == said
    assert said[0][0] > 0


@pytest.mark.parametrize("recipe", recipes(PAGE.read_text("utf-8")), ids=lambda recipe: recipe.title.split(".")[0])
def test_the_cookbook_answers_as_printed(lived: Lived, recipe) -> None:  # type: ignore[no-untyped-def]
    assert asked(lived.instance, recipe.sql) == recipe.answer, recipe.title
    assert recipe.answer.count("\n") > 1, "a question whose answer is empty teaches nothing"


def test_the_cookbook_has_ten_questions() -> None:
    assert [recipe.title.split(".")[0] for recipe in recipes(PAGE.read_text("utf-8"))] == [str(number) for number in range(1, 11)]


@pytest.mark.usefixtures("lived")
def test_every_day_has_its_page(tmp_path: Path) -> None:
    pages = [Path(run("report", day.isoformat(), "--html", codes=(0, 3)).strip()) for day in DAYS]
    page = pages[-1]
    found = json.loads(page.with_suffix(".json").read_text("utf-8"))
    seen = see(page, tmp_path / "look", 1200)
    received = sum(batch["received"] for batch in found["batches"])
    for number in (received, found["packages"]["packages"], sum(one["rows"] for one in found["packages_by_level"])):
        assert f"{number:,}" in seen.text
    assert (seen.faint, seen.loaded) == ([], [])
    names = run(
        "sql", "select distinct person_name from base.person where length(person_name) > 2", "--format", "csv", "--limit", "100000"
    ).split()
    assert not set(names[1:]) & set(re.findall(r"[\u4e00-\u9fff]+", page.read_text("utf-8")))
    index = (page.parent / "index.html").read_text("utf-8")
    assert all(f'href="{one.name}"' in index for one in pages)
