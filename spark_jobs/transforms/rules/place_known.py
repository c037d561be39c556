"""Spark predicate `place_known`: the region tree never had a region with this code."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.places import place
from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper column with the region of the row's code from the region tree."""
    return place(case)


def breaks(case: RuleCase) -> Column:
    """Return true where no region of the level ever had the code; a street code padded with zeros counts as a known community."""
    region, wanted = F.col(case.place), case.params["level"]
    known = region.isNotNull() if wanted == "any" else region["level"] == wanted
    if wanted == "community":
        known = known | ((region["level"] == "street") & (region["code"] != case.sent))
    return case.text.isNotNull() & ~F.coalesce(known, F.lit(False))
