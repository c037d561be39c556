"""Build every library again beside the ones that stand, and compare them in every column (ADR 0032).

A row of a library says since when it says so (`_since`), and a daily library holds rows of earlier dates. A build of the newest day alone
knows neither, so both are taken from the table that stands. Built for every published day in order, nothing is taken from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.derive import dbt
from lakehouse.naming import rebuilt
from lakehouse.objects import open_area
from spark_jobs.lake import dbt_runs, session, storage
from spark_jobs.lake.comparison import Compared, differences, mend
from spark_jobs.lake.tables import TableShape

BENCH = "rebuilt"
SINCE, CONTENT = "_since", "_row_hash"


@dataclass(frozen=True)
class Library:
    """A public model: its table, its key, and the condition on the rows that the build of a day makes; empty where it makes all."""

    table: str
    key: tuple[str, ...]
    scope: str


def rebuild(instance: Instance, days: Sequence[date], *, whole: bool, check: bool) -> Iterator[Compared]:
    """Build all libraries again and yield the comparison of each; unless it is only a check, they hold afterwards what was built.

    Args:
        instance: the instance.
        days: the days to build for, in order; the last one is that of the libraries that stand.
        whole: whether these are all days there were, so that nothing has to be taken from the tables that stand.
        check: whether all tables stay as they are.

    Raises:
        ContractError: authority or policies are wrong, or a contract whose table has data.
        QualityError: a model failed.
    """
    contracts = dbt_runs.contracts_of(instance)
    project = dbt_runs.render(instance, contracts, instance.folder("derived", "dbt_rebuilt"))
    spark = dbt_runs.connect(instance, contracts)
    storage.drop_rebuilt(spark, instance)  # what an interrupted run left behind
    try:
        libraries: list[Library] = []
        for day in days:
            libraries = _build(instance, spark, project, day, seed=not whole)
        if not check and any(storage.columns_of(spark, one.table) is None for one in libraries):
            with _run(instance, days[-1], beside=False) as told:
                dbt_runs.changes(dbt_runs.invoke(project, told))
        for library in libraries:
            yield _compared(spark, library, days[-1], whole=whole, check=check)
    finally:
        storage.drop_rebuilt(spark, instance)


@contextmanager
def _run(instance: Instance, day: date, *, beside: bool) -> Iterator[dbt.Run]:
    area = open_area(instance, "lake")
    place = (instance.timezone, instance.city.region_code, area.spark_url(), session.remote(instance))
    told = dbt.Run(day, *place, bench=BENCH, beside=beside)
    try:
        yield told
    finally:
        area.delete_below(told.staging)


def _build(instance: Instance, spark: SparkSession, project: Path, day: date, *, seed: bool) -> list[Library]:
    """Build all libraries beside for a day and return them; `seed`: rows of other dates are first taken from the tables that stand."""
    with _run(instance, day, beside=True) as told:
        parsed = dbt_runs.invoke(project, told, ["parse"])
        found = [_library(node) for node in dbt_runs.public(parsed.result.nodes.values())] if parsed.success else []
        for one in found if seed else ():
            columns = storage.columns_of(spark, one.table) if one.scope else None
            if columns is not None:
                shape = TableShape(rebuilt(one.table), tuple(columns.types.items()))
                storage.rewrite(spark, instance, shape, storage.read(spark, one.table).where(f"NOT ({one.scope})"))
        dbt_runs.changes(dbt_runs.invoke(project, told, manifest=parsed.result))
    return found


def _library(node: Any) -> Library:
    key, table = node.config.get("unique_key"), f"{node.config.schema}.{node.config.get('alias') or node.name}"
    return Library(table, (key,) if isinstance(key, str) else tuple(key), node.config.get("scope") or "")


def _compared(spark: SparkSession, library: Library, day: date, *, whole: bool, check: bool) -> Compared:
    """Return the comparison of a library with what was built beside it, and mend it unless it is only a check."""
    built, table = storage.read(spark, rebuilt(library.table)), library.table
    columns, rows = storage.columns_of(spark, table), built.count()
    if columns is None:
        return Compared(table, rows, lacking=rows)
    if other := sorted(set(columns.types) ^ set(built.columns)):
        return Compared(table, rows, obstacles=(f"its columns are not those of the model: {', '.join(other)}.",))
    stood = storage.read(spark, table)
    dated = built if whole else _dated(built, stood, library, day)
    lacking, surplus = differences(dated, stood) if whole else differences(dated.drop(SINCE), stood.drop(SINCE))
    found = Compared(table, rows, lacking, surplus)
    if found.differs and not whole and (new := dated.where(F.col("_known").isNull()).count()):
        found = replace(found, remarks=(f"since when {new} rows say what they say is not known, so they are dated {day}.",))
    return found if check or not found.differs else replace(found, written=mend(spark, table, library.key, dated))


def _dated(built: DataFrame, stood: DataFrame, library: Library, day: date) -> DataFrame:
    """Return built rows with the `_since` of the table that stands, where it holds the same content under the same key.

    Columns: adds `_known`, null for a row that takes the date of the build.
    """
    known = stood.dropDuplicates(list(library.key)).withColumnRenamed(SINCE, "_known")
    same = reduce(and_, (F.col(f"built.{name}").eqNullSafe(F.col(f"known.{name}")) for name in (*library.key, CONTENT)))
    found = built.alias("built").join(known.alias("known"), same, "left")
    kept = [F.col(f"built.`{name}`") for name in built.columns if name != SINCE]
    return found.select(*kept, F.coalesce("known._known", F.lit(day)).alias(SINCE), F.col("known._known").alias("_known"))
