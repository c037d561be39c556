"""Returns whether a registered code names no place the region tree ever had."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.places import place
from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return what adds the row's region as the tree has it."""
    return place(case)


def breaks(case: RuleCase) -> Column:
    """Return true where no region of the level ever had the code; for a community a street, filled up with zeros, is known too."""
    region, wanted = F.col(case.place), case.params["level"]
    known = region.isNotNull() if wanted == "any" else region["level"] == wanted
    if wanted == "community":
        known = known | ((region["level"] == "street") & (region["code"] != case.sent))
    return case.text.isNotNull() & ~F.coalesce(known, F.lit(False))
