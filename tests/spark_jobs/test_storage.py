"""Storage: only differences are written, an append is never repeated, the catalog is restored after a restart."""

from __future__ import annotations

from datetime import date

import pytest

from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import connect, recipients
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import Changes, Target
from spark_jobs.lake.tables import TableShape

pytestmark = pytest.mark.spark
DAY = date(2026, 6, 1)
PEOPLE = TableShape("base.people", (("id", "string"), ("name", "string"), ("street", "string")))
DELIVERED = TableShape("bronze.delivered", (("value", "string"), ("_batch_id", "string")), ("_batch_id",))


def test_only_differences_are_written_and_none_make_no_version(module_instance: Instance) -> None:
    spark = open_session(module_instance)
    storage.ensure_table(spark, module_instance, PEOPLE)
    target = Target(PEOPLE.name, ("id",), delete_where="street = 's1'")

    def write(*rows: tuple[str, str | None, str]) -> tuple[Changes, int]:
        wanted = spark.createDataFrame(rows, "id string, name string, street string")
        return storage.write_differences(spark, target, wanted), storage.versions(module_instance, [PEOPLE.name])[PEOPLE.name]

    assert write(("1", "a", "s1"), ("2", None, "s1"), ("3", "c", "s2")) == (Changes(inserted=3), 1)
    assert write(("1", "a", "s1"), ("2", None, "s1")) == (Changes(), 1)
    assert write(("1", None, "s1"), ("4", "d", "s1")) == (Changes(inserted=1, updated=1, deleted=1), 2)
    assert {tuple(row) for row in storage.read(spark, PEOPLE.name).collect()} == {("1", None, "s1"), ("3", "c", "s2"), ("4", "d", "s1")}


def test_batches_are_appended_once_and_tables_survive_a_lost_catalog(module_instance: Instance) -> None:
    spark = open_session(module_instance)
    storage.ensure_table(spark, module_instance, DELIVERED)
    rows = spark.createDataFrame([("a", "b1"), ("b", "b2"), ("c", "b3")], "value string, _batch_id string")
    assert storage.append_batches(spark, DELIVERED.name, rows, ["b2", "b1"]) == ("b1", "b2")
    assert storage.append_batches(spark, DELIVERED.name, rows, ["b1", "b2", "b3"]) == ("b3",)
    assert storage.append_batches(spark, DELIVERED.name, rows, ["b1", "b2", "b3"]) == ()
    history = spark.sql(f"DESCRIBE HISTORY {DELIVERED.name}").where("userMetadata IS NOT NULL").orderBy("version").collect()
    assert [row.userMetadata for row in history] == ['{"batches": ["b1", "b2"]}', '{"batches": ["b3"]}']
    storage.detach(spark)
    assert not spark.catalog.tableExists(DELIVERED.name)
    assert storage.read(open_session(module_instance), DELIVERED.name).count() == 3


def test_reference_tables_are_written_once(module_instance: Instance) -> None:
    run_job("reference", JobRequest(DAY), module_instance)
    version = storage.versions(module_instance)
    again = run_job("reference", JobRequest(DAY), module_instance)
    assert storage.versions(module_instance) == version
    assert {name: table["changes"] for name, table in again.tables.items()} == dict.fromkeys(again.tables, 0)
    assert all(table["rows"] for table in again.tables.values())
    with connect(module_instance) as connection:
        assert len(recipients.at(connection, DAY)) == 31
