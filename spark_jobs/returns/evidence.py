"""Gather the evidence for the proofs of packages: counts of source rows by place, and findings in the decoded payloads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from functools import partial, reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.naming import LOCALITY_COLUMNS
from lakehouse.returns.build_record import BuildRecord
from lakehouse.returns.completeness import Places
from lakehouse.returns.edition import Edition
from lakehouse.returns.inspection import Inspection, inspect_payloads, rows_of_tasks
from lakehouse.returns.model import Return
from lakehouse.returns.strangers import Places as RegionPlaces
from lakehouse.returns.strangers import places_of
from spark_jobs.lake.storage import read

FINDINGS_DDL = "invariant string, where string, kind string, count bigint"


def places(spark: SparkSession, returns: Sequence[Return], record: BuildRecord) -> dict[str, Places]:
    """Count, for each return, the eligible rows of its table by place, at the levels of its recipients; one query for all returns."""
    if not returns:
        return {}
    counted = reduce(DataFrame.unionByName, [_counted(spark, one, record) for one in returns])
    found: dict[str, list[tuple[dict[str, str | None], int]]] = {one.id: [] for one in returns}
    for row in counted.collect():
        found[row["return_id"]].append(({name.removesuffix("_code"): row[name] for name in LOCALITY_COLUMNS}, row["count"]))
    return dict(found)


def _counted(spark: SparkSession, declared: Return, record: BuildRecord) -> DataFrame:
    source = read(spark, declared.source, record.versions.get(declared.source))
    for name, value in declared.filter.items():
        source = source.where(F.col(name) == F.lit(value))
    goes_by = {*declared.levels, *(one.level for one in declared.handlers)}
    codes = [
        (F.col(name) if name.removesuffix("_code") in goes_by else F.lit(None).cast("string")).alias(name) for name in LOCALITY_COLUMNS
    ]
    return source.select(F.lit(declared.id).alias("return_id"), *codes).groupBy("return_id", *LOCALITY_COLUMNS).count()


def findings(spark: SparkSession, instance: Instance, edition: Edition, fresh: pa.Table) -> list[dict[str, Any]]:
    """Return the findings in the payloads of these forms; Spark workers decode them."""
    if not fresh.num_rows:
        return []
    regions = places_of(edition.regions)
    shown = rows_of_tasks([asdict(one) for one in edition.tasks], edition.returns, regions, edition.date)
    then = _places_then(edition, fresh)
    inspection = Inspection(edition.date, instance.root("exchange"), edition.policies, edition.returns, regions, shown, then)
    tasks = int(spark.conf.get("spark.sql.shuffle.partitions") or 4)
    forms = spark.createDataFrame(fresh).repartition(tasks, "path")
    found: list[dict[str, Any]] = forms.mapInArrow(partial(inspect_payloads, inspection=inspection), FINDINGS_DDL).toArrow().to_pylist()
    return found


def _places_then(edition: Edition, forms: pa.Table) -> dict[str, RegionPlaces]:
    """Return the regions of each date that former rows among these forms are of, as they were called then."""
    dates = {json.loads(former)["returned"]["as_of"] for former in forms["former"].unique().to_pylist() if former is not None}
    if edition.limits is None:
        return {}
    tree, _ = edition.limits.regions
    return {on: places_of(tree.at(date.fromisoformat(on))) for on in sorted(dates)}
