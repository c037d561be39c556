"""Read the rows of bronze with the verdicts that are known: one given again by a rejudging stands above the first one (ADR 0033)."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.naming import bronze, verdicts
from spark_jobs.lake import storage
from spark_jobs.transforms import rejudging


def known_rows(spark: SparkSession, resource: str, on: date | None = None) -> DataFrame:
    """Return the rows of bronze with the verdicts known on a business date (None: by now); where none was given again, just the table."""
    rows, again = storage.read(spark, bronze(resource)), given_again(spark, resource, on)
    return rows if again is None else rejudging.with_verdicts(rows, rejudging.newest(again).localCheckpoint())


def given_again(spark: SparkSession, resource: str, on: date | None = None) -> DataFrame | None:
    """Return the verdicts that rejudgings up to a business date (None: all) gave again; None where there never was one."""
    if not storage.exists(spark, verdicts(resource)):
        return None
    given = storage.read(spark, verdicts(resource))
    return given if on is None else given.where(F.col("_judged_on") <= on)
