"""The helper column that rules about places share: the region of a code, looked up in the region tree."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.transforms import regions
from spark_jobs.transforms.rules.scope import Helper, RuleCase


def place(case: RuleCase) -> dict[str, Helper]:
    """Return the function that adds column `case.place`; none where normalisation of the column has added it already."""
    if "region_successor" in case.column.normalise:
        return {}

    def looked_up(rows: DataFrame) -> DataFrame:
        return regions.with_region(rows, case.sent, case.place, case.scope)

    return {case.place: looked_up}
