"""Returns whether a registered code, as it was sent, names a place that was abolished before the business date."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms import regions
from spark_jobs.transforms.rules.places import place
from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return what adds the row's region as the tree has it."""
    return place(case)


def breaks(case: RuleCase) -> Column:
    """Return true where the tree has the code, but not at the business date."""
    region = F.col(case.place)
    return region.isNotNull() & ~regions.is_current(region, case.business_date)
