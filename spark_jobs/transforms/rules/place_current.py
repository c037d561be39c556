"""Spark predicate `place_current`: a region code, as sent, names a region that does not exist at the business date."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms import regions
from spark_jobs.transforms.rules.places import place
from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper column with the region of the row's code from the region tree."""
    return place(case)


def breaks(case: RuleCase) -> Column:
    """Return true where the region tree has the code, but not at the business date."""
    region = F.col(case.place)
    return region.isNotNull() & ~regions.is_current(region, case.business_date)
