"""Returns rows with what the region tree says of a registered code, padded or not; a broadcast join, the row count stays."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import RuleScope, is_valid_at

PADDED = r"\A([0-9]{12}|[0-9]{9}|[0-9]{6})\z"


def unpadded(code: Column) -> Column:
    """Returns the code as the tree has it: zeros that only fill a code up are left out (`440402001000` → `440402001`)."""
    street = F.when((F.length(code) == 12) & code.endswith("000"), F.substring(code, 1, 9)).otherwise(code)
    district = F.when((F.length(street) == 9) & street.endswith("000"), F.substring(street, 1, 6)).otherwise(street)
    city = F.when((F.length(district) == 6) & district.endswith("00"), F.substring(district, 1, 4)).otherwise(district)
    return F.when(code.rlike(PADDED), city).otherwise(code)


def with_region(rows: DataFrame, code: Column, name: str, scope: RuleScope) -> DataFrame:
    """Returns the rows with column `name`: struct `code, level, periods, successions` of the region, null where the tree has none."""
    regions = scope.region_periods()
    found = regions.select(F.col("code").alias(f"{name}_code"), F.struct(*(F.col(field) for field in regions.columns)).alias(name))
    keyed = rows.withColumn(f"{name}_sent", unpadded(code))
    joined = keyed.join(F.broadcast(found), keyed[f"{name}_sent"] == found[f"{name}_code"], "left")
    return joined.drop(f"{name}_sent", f"{name}_code")


def is_current(region: Column, day: Column) -> Column:
    """Returns whether the region exists at a date."""
    return F.exists(region["periods"], lambda period: is_valid_at(period, day))


def successor(region: Column, day: Column) -> Column:
    """Returns the code that stands for an abolished region at a date, null when there is not exactly one."""
    targets = F.array_distinct(F.transform(F.filter(region["successions"], lambda one: is_valid_at(one, day)), lambda one: one["target"]))
    return F.when(~is_current(region, day) & (F.size(targets) == 1), targets[0])


def padded(code: Column, like: Column) -> Column:
    """Returns a code filled up with zeros to the length of another one."""
    return F.rpad(code, F.greatest(F.length(code), F.length(like)), F.lit("0"))
