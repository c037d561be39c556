"""The settings of Spark follow the work at hand, not what was ever received; readers outside Spark read every table."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.naming import silver, table_path
from lakehouse.ops import batches, connect
from lakehouse.ops.batches import Landed
from spark_jobs.lake import storage, workload
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import TableShape
from spark_jobs.lake.workload import LARGE, LARGE_ROWS, SMALL
from tests.oracle.resources import CHECK

pytestmark = pytest.mark.spark
TABLE = TableShape("base.things", (("id", "bigint"), ("name", "string")))


@pytest.fixture
def filled(module_instance: Instance) -> Instance:
    """Return a home with a table of 5,000 rows whose log says how many bytes they take."""
    spark = open_session(module_instance)
    storage.ensure_table(spark, module_instance, TABLE)
    if not storage.read(spark, TABLE.name).count():
        spark.range(5000).selectExpr("id", "sha2(string(id), 256) as name").write.format("delta").mode("append").saveAsTable(TABLE.name)
    return module_instance


def test_rows_received_long_ago_change_nothing(filled: Instance) -> None:
    old = Landed("b1", CHECK, "office", date(2026, 1, 1), "0" * 64, 1, date(2026, 1, 1), "old.csv", 1, 10 * LARGE_ROWS)
    with connect(filled) as connection:
        assert batches.add(connection, [old]) == 1
    assert _applied(filled) == SMALL


def test_many_new_rows_or_a_large_table_ask_for_compiled_plans(filled: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _applied(filled, rows=LARGE_ROWS - 1) == SMALL
    assert _applied(filled, rows=LARGE_ROWS) == LARGE
    said = workload.sizes(filled, [TABLE.name, "base.absent"])
    written = sum(path.stat().st_size for path in _files(filled, TABLE.name))
    assert said == {TABLE.name: written}
    monkeypatch.setattr(workload, "LARGE_BYTES", written)
    assert _applied(filled, tables=[TABLE.name]) == LARGE
    monkeypatch.setattr(workload, "LARGE_BYTES", written + 1)
    assert _applied(filled, tables=[TABLE.name]) == SMALL


def test_a_table_whose_log_does_not_tell_its_size_counts_as_large(filled: Instance) -> None:
    for told in (_folder(filled, TABLE.name) / "_delta_log").glob("*.crc"):
        told.unlink()
    assert _applied(filled, tables=[TABLE.name]) == LARGE


def test_silver_is_read_by_deltalake_and_duckdb_after_rows_were_changed(module_instance: Instance) -> None:
    contract = load_contracts(module_instance.settings.contracts)[CHECK]
    spark = open_session(module_instance)
    storage.ensure_tables(spark, module_instance, contract)
    table = silver(CHECK)
    for key in ("a", "b", "c"):
        spark.sql(f"insert into {table} (_version_id, _key, _deleted) values ('{key}', '{key}', false)")
    spark.sql(f"update {table} set _deleted = true where _key = 'b'")
    spark.sql(f"delete from {table} where _key = 'c'")
    changed = DeltaTable(str(_folder(module_instance, table))).to_pyarrow_dataset()
    assert changed.to_table(["_key", "_deleted"]).sort_by("_key").to_pylist() == [
        {"_key": "a", "_deleted": False},
        {"_key": "b", "_deleted": True},
    ]
    with duckdb.connect() as database:
        assert database.register("changed", changed).sql("select count(*), count_if(_deleted) from changed").fetchall() == [(2, 1)]


def _applied(instance: Instance, rows: int = 0, tables: tuple[str, ...] | list[str] = ()) -> dict[str, str]:
    spark = open_session(instance, rows, tables)
    return {name: str(spark.conf.get(name)) for name in SMALL}


def _folder(instance: Instance, table: str) -> Path:
    return instance.home / "store" / "lake" / table_path(table)


def _files(instance: Instance, table: str) -> list[Path]:
    return [path for path in _folder(instance, table).rglob("*.parquet") if "_delta_log" not in path.parts]
