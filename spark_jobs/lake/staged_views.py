"""One more statement for the session that dbt uses: a temporary view of rows that are computed once (ADR 0035).

    create staged view NAME in 'FOLDER' as SELECT …

Spark has no such statement: a view is planned again wherever it is read, also one whose rows are cached.
"""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql import DataFrame, SparkSession

STATEMENT = re.compile(r"(?:\s*/\*.*?\*/)?\s*create staged view (?P<view>\w+) in '(?P<folder>[^']+)' as\s(?P<query>.*)", re.DOTALL)


def offer(spark: SparkSession, *, in_memory: bool) -> None:
    """Let a session understand the statement.

    Args:
        spark: the session.
        in_memory: keep the rows as Spark's own blocks, in memory as long as there is room: right for small work, where writing and opening
            files takes longer than the work. Otherwise they are Parquet files in the folder named, of which a reader takes only the columns
            it needs.
    """
    plain = type(spark).sql  # that of the class: offered twice, the statement is still understood once

    def sql(query: str, *arguments: Any, **options: Any) -> DataFrame:
        asked = STATEMENT.fullmatch(query)
        if asked is None:
            return plain(spark, query, *arguments, **options)
        rows = plain(spark, asked["query"])
        staged = rows.localCheckpoint() if in_memory else _in_files(spark, rows, asked["folder"])
        staged.createOrReplaceTempView(asked["view"])
        return staged

    setattr(spark, "sql", sql)  # noqa: B010 a method of this one session


def _in_files(spark: SparkSession, rows: DataFrame, folder: str) -> DataFrame:
    rows.write.mode("overwrite").parquet(folder)
    return spark.read.schema(rows.schema).parquet(folder)
