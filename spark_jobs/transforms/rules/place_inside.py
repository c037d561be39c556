"""Spark predicate `place_inside`: the region of a code lies outside a given area at the business date."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.rules.place_inside import PROVIDER
from spark_jobs.transforms import regions
from spark_jobs.transforms.rules.scope import Helper, RuleCase, is_valid_at


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper columns with the regions above the row's region and the regions the batch's provider serves (broadcast joins)."""
    memberships, area = case.helper("memberships"), case.helper("area")

    def with_memberships(rows: DataFrame) -> DataFrame:
        found = case.scope.memberships().select(F.col("code").alias(f"{memberships}_code"), F.col("memberships").alias(memberships))
        same = regions.unpadded(case.text) == found[f"{memberships}_code"]
        return rows.join(F.broadcast(found), same, "left").drop(f"{memberships}_code")

    def with_area(rows: DataFrame) -> DataFrame:
        found = case.scope.provider_regions().select(F.col("uscc").alias(f"{area}_uscc"), F.col("regions").alias(f"{area}_regions"))
        joined = rows.join(F.broadcast(found), rows["_provider"] == found[f"{area}_uscc"], "left")
        now = F.filter(f"{area}_regions", lambda one: is_valid_at(one, case.business_date))
        codes = F.when(F.size(now) > 0, F.transform(now, lambda one: one["region_code"]))
        return joined.withColumn(area, codes).drop(f"{area}_uscc", f"{area}_regions")

    if case.params["region"] == PROVIDER:
        return {memberships: with_memberships, area: with_area}
    return {memberships: with_memberships}


def breaks(case: RuleCase) -> Column:
    """Return true where the region exists at the business date and does not lie within the area."""
    area = F.col(case.helper("area")) if case.params["region"] == PROVIDER else F.array(F.lit(case.params["region"]))
    return F.exists(case.helper("memberships"), lambda one: is_valid_at(one, case.business_date) & ~F.arrays_overlap(one["within"], area))
