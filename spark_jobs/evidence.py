"""Returns what a proof of packages rests on: counts of the source by place, findings in the decoded payloads."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.naming import LOCALITY_COLUMNS
from lakehouse.returns.completeness import Places
from lakehouse.returns.edition import Edition
from lakehouse.returns.inspection import Inspection, inspect_payloads
from lakehouse.returns.model import Return
from lakehouse.returns.record import BuildRecord
from spark_jobs.storage import read

FINDINGS_DDL = "invariant string, where string, kind string, count bigint"


def places(spark: SparkSession, declared: Return, record: BuildRecord) -> Places:
    """Returns the eligible rows of a return's table, counted by place."""
    source = read(spark, declared.source, record.versions.get(declared.source))
    for name, value in declared.filter.items():
        source = source.where(F.col(name) == F.lit(value))
    counted = source.groupBy(*LOCALITY_COLUMNS).count().collect()
    return [({name.removesuffix("_code"): row[name] for name in LOCALITY_COLUMNS}, row["count"]) for row in counted]


def findings(spark: SparkSession, instance: Instance, edition: Edition, fresh: pa.Table) -> list[dict[str, Any]]:
    """Returns what is wrong with the payloads of these forms, decoded by the workers."""
    if not fresh.num_rows:
        return []
    parents = {region.code: region.parent_code for region in edition.regions.by_code.values() if region.parent_code}
    inspection = Inspection(edition.date, instance.root("exchange"), edition.policies, edition.returns, parents)
    tasks = int(spark.conf.get("spark.sql.shuffle.partitions") or 4)
    forms = spark.createDataFrame(fresh).repartition(tasks, "path")
    found: list[dict[str, Any]] = forms.mapInArrow(partial(inspect_payloads, inspection=inspection), FINDINGS_DDL).toArrow().to_pylist()
    return found
