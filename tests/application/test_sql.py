"""`huiliu sql` accepts only statements that read; how Spark parses them is tested on a real lake in `tests/e2e`."""

from __future__ import annotations

import pytest

from application.sql import reading
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast


def test_a_statement_becomes_a_part_of_a_query() -> None:
    assert reading(" select 1 -- one\n; ; ") == "SELECT * FROM (\nselect 1 -- one\n)"
    assert reading("with a as (select 1) insert into b select 1").startswith("SELECT * FROM (\nwith")  # which Spark refuses
    assert reading("describe table base.person;") == "describe table base.person"
    assert reading("/* a */ describe table base.person").startswith("SELECT * FROM (")  # only what begins so is sent as it stands


@pytest.mark.parametrize("word", ["reflect", "java_method", "Try_Reflect", "`reflect`", "IDENTIFIER"])
def test_nothing_reaches_into_java(word: str) -> None:
    with pytest.raises(ConfigError, match="may do more than read"):
        reading(f"select {word}('java.lang.System', 'exit', 1)")


def test_no_program_is_run() -> None:
    """`TRANSFORM … USING` is a query by Spark's grammar, and starts a shell."""
    with pytest.raises(ConfigError, match="runs a program"):
        reading("select transform(person_name) using 'cat' as (a string) from base.person")


@pytest.mark.parametrize(
    "statement", ["insert into base.person select 1", "-- a\nDROP table base.person", "begin select 1; end", "set a=b"]
)
def test_that_it_only_reads_is_said_in_one_line(statement: str) -> None:
    with pytest.raises(ConfigError, match=r"\Ahuiliu sql only reads: not [A-Z]+\. It takes SELECT, [A-Z, ]+\.\Z"):
        reading(statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("selct 1", "no statement begins with SELCT; meant: SELECT."),
        ("'王小明'", "this is no statement."),
        ("449901199001011234", "this is no statement."),
        ("", "this is no statement."),
        ("select 1; select '王小明'", "one statement at a time, but more follows after a semicolon."),
    ],
)
def test_what_is_no_statement_is_told_in_two_lines(statement: str, found: str) -> None:
    with pytest.raises(ConfigError) as raised:
        reading(statement)
    first, fix = str(raised.value).splitlines()
    assert (first, fix[:7]) == (f"huiliu sql: {found}", "  Fix: ")
