"""A question has the same answer, error and audit entry at the desk as without one; who leaves the desk stops the query."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import openpyxl
import pyarrow.parquet as pq
import pytest

from application import sql_ask, sql_question
from application.sql_ask import ask
from application.sql_desk import Desk, reply
from application.sql_question import Question
from infra.local import sql_desk
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ops import audit, connect
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import TableShape

pytestmark = pytest.mark.spark
STATEMENT = "select timestamp_seconds(id * 3600) as at, cast(id as decimal(20, 2)) as amount_yuan, '=值' as text from range(3) order by id"
ENDLESS = "select count(*) from range(1000000) a cross join range(1000000) b where a.id * b.id % 7 = 3"
PATIENCE_SECONDS = 60


@contextmanager
def desk(instance: Instance) -> Iterator[None]:
    """Let a desk answer the questions of an instance."""
    instance.folder("run")
    with Desk(instance) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.workers.shutdown()


def told(instance: Instance) -> list[tuple[str, dict[str, object]]]:
    """Return who asked what, by the audit."""
    with connect(instance) as connection:
        found = [(one.actor, one.detail) for one in audit.entries(connection) if one.action == "sql"]
    assert all(isinstance(detail.pop("seconds"), float) for _, detail in found)
    return found


def failure(instance: Instance, statement: str) -> str:
    """Return the error that a question ends with."""
    with pytest.raises(ConfigError) as raised:
        ask(instance, Question(statement, 10, "table"))
    return str(raised.value)


def content(made: bytes, form: str) -> object:
    """Return what is in an answer; a workbook also holds when it was made."""
    if form == "xlsx":
        return [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(made)).active.iter_rows()]
    return pq.read_table(io.BytesIO(made)).to_pylist() if form == "parquet" else made


def test_both_ways_answer_the_same(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    spark = open_session(instance)
    storage.ensure_table(spark, instance, TableShape("base.person", (("person_name", "string"), ("birth_date", "date"))))
    questions = [Question(STATEMENT, limit, form, 80) for form in ("table", "csv", "xlsx", "parquet", "json", "object") for limit in (2, 3)]
    wrong = [
        "select persn_name from base.person",
        "select * from base.persons",
        "drop table base.person",
        "select * from \"base\".'王小明'",
    ]
    here = [reply(instance, one) for one in questions], [failure(instance, one) for one in wrong]
    before = told(instance)
    with desk(instance):
        assert sql_desk.is_healthy(instance)
        with monkeypatch.context() as without:
            without.setattr(sql_ask, "HERE", "nowhere")  # so that nothing is answered in this process
            there = [ask(instance, one) for one in questions], [failure(instance, one) for one in wrong]
    for question, one, other in zip(questions, *(side[0] for side in (here, there)), strict=True):
        assert (one.rows, one.has_more) == (other.rows, other.has_more) == (question.limit, question.limit == 2)
        assert content(one.content, question.form) == content(other.content, question.form)
    assert here[1] == there[1]
    assert told(instance) == before + before
    assert not sql_desk.is_healthy(instance)


def test_errors_are_two_lines_with_the_name_that_was_meant(instance: Instance) -> None:
    spark = open_session(instance)
    storage.ensure_table(spark, instance, TableShape("base.person", (("person_name", "string"), ("birth_date", "date"))))
    expected = {
        "select * from base.persons": "no table base.persons; meant: base.person.",
        "select * from person": "no table person; meant: base.person.",
        "select 1,\n  persn_name from base.person": "line 2, column 3: no column persn_name; meant: person_name.",
        "select cout(*) from base.person": "line 1, column 8: no function cout; meant: count",
        'select * from "base"."person" where 1 = 449901': "line 1, column 15: a text in double quotes stands where a name is wanted.",
        "select person_name as 姓名 from base.person": "line 1, column 23: 姓名 has other characters than a-z, 0-9 and _",
        "select * from base.my-table": "line 1, column 22: my-table has other characters",
        "select count(*) from base.person where person_name = '王小明": "line 1, column 54: a quote that nothing closes.",
        "select birth_date > 19900101 from base.person": "line 1, column 8: types do not fit together",
        "select raise_error('王小明')": "Spark refuses the statement [USER_RAISED_EXCEPTION].",
        "select cast('王小明' as int)": "a value cannot be read as INT [CAST_INVALID_INPUT].",
        "select * from (select 1": "the statement ends too early.",
    }
    for statement, found in expected.items():
        first, fix = failure(instance, statement).splitlines()
        assert found in first, (statement, first)
        assert first.startswith("huiliu sql: ")
        assert fix.startswith("  Fix: ")
        assert not {"王小明", "449901", "19900101"} & set(f"{first} {fix}".replace("'", " ").split())
        if '"' in statement or "姓名" in statement or "my-" in statement:
            assert "`" in fix
    with pytest.raises(ConfigError, match=r"\Ahuiliu sql only reads: not INSERT\..*\Z"):
        ask(instance, Question("with a as (select 1) insert into base.person select * from a", 10, "table"))


def test_who_leaves_the_desk_stops_the_query(instance: Instance) -> None:
    open_session(instance)
    with desk(instance):
        with sql_desk.called(instance) as caller:
            question = {"version": sql_question.VERSION, "statement": ENDLESS, "limit": 1, "form": "csv", "width": None}
            caller.sendall(sql_question.as_line(question))
            time.sleep(1)  # until Spark is at work
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := told(instance)) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert found == [(audit.operator(), {"rows": 0, "failed": "OPERATION_CANCELED"})]


def test_a_desk_of_another_version_is_not_asked(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(instance):
        with sql_desk.called(instance) as caller, caller.makefile("rb") as heard:
            caller.sendall(sql_question.as_line({"version": 0, "question": "select 1"}))
            assert heard.read() == b""
        monkeypatch.setattr(sql_ask, "VERSION", 2)
        assert json.loads(ask(instance, Question("select 1 as one", 1, "json")).content) == {"one": 1}
