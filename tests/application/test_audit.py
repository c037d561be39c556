"""What people do with an instance is in its audit: who, what, how many rows; of a statement what is left without its values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from application import doctor
from application.sql import answer
from huiliu.main import app
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ops import audit, connect
from lakehouse.ops.tables import audit as audit_table
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import TableShape

pytestmark = pytest.mark.spark
NAME = "王小明"


def entries(instance: Instance) -> list[audit.Entry]:
    """Return the audit of an instance."""
    with connect(instance) as connection:
        return audit.entries(connection)


def read(instance: Instance, statement: str) -> tuple[list[str], int]:
    """Run a statement; return what its audit entry says of tables and rows."""
    answer(instance, statement, 10)
    last = entries(instance)[-1]
    assert (last.actor, last.action) == (audit.operator(), "sql")
    assert sorted(last.detail) == ["rows", "seconds", "statement", "tables"]
    assert NAME not in str(last)
    return last.detail["tables"], last.detail["rows"]


def test_reading_tables_is_recorded_without_values(instance: Instance) -> None:
    spark = open_session(instance)
    for name in ("base.person", "base.person_address", "mart.summary"):
        storage.ensure_table(spark, instance, TableShape(name, (("person_name", "string"),)))
    folder = instance.home / "store" / "lake" / "base" / "person"
    assert read(instance, f"select 1 from base.person where person_name = '{NAME}'") == (["base.person"], 0)
    assert entries(instance)[-1].detail["statement"] == "select ? from base.person where person_name = ?"
    assert read(instance, "select count(*) from `base` . `person_address`") == (["base.person_address"], 1)
    assert read(instance, "with a as (select * from mart.summary) select * from a cross join base.person") == (
        ["base.person", "mart.summary"],
        0,
    )
    assert read(instance, f"select count(*) from delta.`{folder}`") == (["base.person"], 1)
    assert read(instance, "select count(*) from base.person version as of 0") == (["base.person"], 1)
    assert read(instance, "describe table base.person") == (["base.person"], 1)
    assert read(instance, "values (1), (2)") == ([], 2)
    count = len(entries(instance))
    for statement, reason in {
        f"select {NAME.encode().hex()} from base.person": "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        "drop table base.person": "refused",
    }.items():
        with pytest.raises(ConfigError):
            answer(instance, statement, 10)
        last = entries(instance)[-1]
        assert last.detail == {"rows": 0, "failed": reason, "seconds": last.detail["seconds"]}
    assert len(entries(instance)) == count + 2


def test_an_operators_check_of_a_package_is_recorded(instance: Instance, tmp_path: Path) -> None:
    package = tmp_path / "v-440402001001" / "2026-06-01" / "1"
    package.mkdir(parents=True)
    done = CliRunner().invoke(app, ["verify", str(package), "--key", str(instance.key_path("signing.pub")), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["ok"]) == (1, False)
    [entry] = entries(instance)
    assert (entry.actor, entry.action, entry.subject) == (audit.operator(), "verify", "package v-440402001001/2026-06-01/1")
    assert entry.detail == {"good": False, "refusals": ["missing"]}


def test_doctor_checks_the_chain(instance: Instance) -> None:
    def found() -> doctor.Finding:
        return next(one for one in doctor.examine(instance) if one.name == "audit")

    with connect(instance) as connection:
        for number in range(3):
            audit.append(connection, "steward", "publish", f"day {number}")
    assert found().state == "ok"
    with connect(instance) as connection:
        connection.execute(update(audit_table).where(audit_table.c.seq == 2).values(actor="nobody"))
    assert (found().state, "entry 2 " in found().detail) == ("bad", True)
