"""Look up region codes, padded or not, in the region tree by a broadcast join; the number of rows does not change."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.naming import CODE_LENGTHS
from spark_jobs.transforms.rules.scope import RuleScope, is_valid_at


def unpadded(code: Column) -> Column:
    """Return the code in the form of the region tree: zeros that pad a street code to the length of a community code are removed."""
    is_padded = (F.length(code) == CODE_LENGTHS["community"]) & code.endswith("000")
    return F.when(is_padded, F.substring(code, 1, CODE_LENGTHS["street"])).otherwise(code)


def with_region(rows: DataFrame, code: Column, name: str, scope: RuleScope) -> DataFrame:
    """Add column `name`: a struct `code, level, periods, successions` of the code's region, null where the region tree lacks it."""
    regions = scope.region_periods()
    found = regions.select(F.col("code").alias(f"{name}_code"), F.struct(*(F.col(field) for field in regions.columns)).alias(name))
    keyed = rows.withColumn(f"{name}_sent", unpadded(code))
    joined = keyed.join(F.broadcast(found), keyed[f"{name}_sent"] == found[f"{name}_code"], "left")
    return joined.drop(f"{name}_sent", f"{name}_code")


def is_current(region: Column, day: Column) -> Column:
    """Return whether the region exists at a date."""
    return F.exists(region["periods"], lambda period: is_valid_at(period, day))


def successor(region: Column, day: Column) -> Column:
    """Return the code of the region that replaces an abolished one at a date, null unless there is exactly one."""
    targets = F.array_distinct(F.transform(F.filter(region["successions"], lambda one: is_valid_at(one, day)), lambda one: one["target"]))
    return F.when(~is_current(region, day) & (F.size(targets) == 1), targets[0])


def padded(code: Column, like: Column) -> Column:
    """Return a code padded with zeros to the length of another code."""
    return F.rpad(code, F.greatest(F.length(code), F.length(like)), F.lit("0"))
