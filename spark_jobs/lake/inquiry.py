"""Ask the lake: run a statement that reads, and find out which tables it reads."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.naming import SCHEMAS
from spark_jobs.lake.storage import versions

EPOCH = date(1970, 1, 1)
FIRST_DAY, LAST_DAY = (date.min - EPOCH).days, (date.max - EPOCH).days
MICROSECONDS_A_DAY = 86_400_000_000
TABLE = re.compile(rf"(?<!\w)({'|'.join(SCHEMAS)})[./](\w+)", re.ASCII)


def ask(spark: SparkSession, statement: str, limit: int) -> pa.Table:
    """Run a reading statement and return at most `limit` rows, with the types of their columns; instants are UTC.

    Where a date or an instant lies outside of Python's calendar (Spark knows the years 0 and 10000), these columns are returned as text.
    """
    found = spark.sql(statement).limit(limit)
    table = found.toArrow()
    times = [column.name for column in table.schema if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)]
    if all(_in_calendar(column) for column in table.columns):
        return table
    return found.withColumns({name: F.col(f"`{name}`").cast("string") for name in times}).toArrow()


def tables_of(spark: SparkSession, instance: Instance, statement: str) -> tuple[str, ...]:
    """Return the tables of the lake that a statement reads, by name or by path; Spark only plans the statement."""
    plan = "\n".join(str(row[0]) for row in spark.sql(f"EXPLAIN EXTENDED {statement}").collect())
    named = sorted({f"{schema}.{name}" for schema, name in TABLE.findall(plan)})
    return tuple(versions(instance, named))


def function_names(spark: SparkSession) -> tuple[str, ...]:
    """Return the names of Spark's functions."""
    return tuple(str(row[0]) for row in spark.sql("SHOW FUNCTIONS").collect())


def _in_calendar(column: Any) -> bool:
    if pa.types.is_date(column.type):
        unit, numbers = 1, column.cast(pa.int32())
    elif pa.types.is_timestamp(column.type):
        unit, numbers = MICROSECONDS_A_DAY, column.cast(pa.timestamp("us")).cast(pa.int64())
    else:
        return True
    bounds = pc.min_max(numbers).as_py()
    return bounds["min"] is None or (FIRST_DAY * unit <= bounds["min"] and bounds["max"] < (LAST_DAY + 1) * unit)
