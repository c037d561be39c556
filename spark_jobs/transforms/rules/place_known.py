"""Returns whether a registered code names no place the region tree ever had."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.places import with_place
from spark_jobs.transforms.rules.scope import RuleCase


def prepare(case: RuleCase, rows: DataFrame) -> DataFrame:
    """Returns the rows with their region as the tree has it."""
    return with_place(case, rows)


def breaks(case: RuleCase) -> Column:
    """Returns true where no region of the level ever had the code; for a community a street, filled up with zeros, is known too."""
    wanted = case.params["level"]
    levels = (wanted, "street") if wanted == "community" else (wanted,)
    return case.text.isNotNull() & ~F.coalesce(F.col(case.place)["level"].isin(*levels), F.lit(False))
