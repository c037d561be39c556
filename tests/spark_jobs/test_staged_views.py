"""Staged views: one statement, rows computed once in memory or in files, all other statements as before."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.errors import AnalysisException

from lakehouse.config import Instance
from spark_jobs.lake import staged_views
from spark_jobs.lake.session import open_session

pytestmark = pytest.mark.spark


@pytest.mark.parametrize("in_memory", [True, False])
def test_rows_are_computed_once_and_seen_under_the_name(instance: Instance, tmp_path: Path, *, in_memory: bool) -> None:
    spark = open_session(instance)
    staged_views.offer(spark, in_memory=in_memory)
    staged_views.offer(spark, in_memory=in_memory)
    folder = (tmp_path / "lots").as_uri()
    asked = f"create staged view lots in '{folder}' as\nselect id, uuid() as lot, null as nothing from range(5)"
    spark.sql(f"/* dbt says\nwho asks */\n{asked}")
    first, second = ({row.lot for row in spark.sql("select lot from lots").collect()} for _ in range(2))
    assert first == second
    assert len(first) == 5
    assert (tmp_path / "lots").exists() != in_memory
    spark.sql(f"create staged view lots in '{folder}' as select 1 as one")
    assert [tuple(row) for row in spark.sql("select * from lots").collect()] == [(1,)]
    with pytest.raises(AnalysisException, match="never_there"):
        spark.sql(f"create staged view lots in '{folder}' as select never_there")
    spark.sql("drop view lots")


@pytest.mark.parametrize("statement", ["create staged view v in 'here' select 1", "select 'create staged view v in ''here'' as select 1'"])
def test_only_the_whole_statement_is_one(statement: str) -> None:
    assert staged_views.STATEMENT.fullmatch(statement) is None
