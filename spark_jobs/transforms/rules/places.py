"""Returns what adds to rows what the region tree says of a rule's column."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.transforms import regions
from spark_jobs.transforms.rules.scope import Helper, RuleCase


def place(case: RuleCase) -> dict[str, Helper]:
    """Return what adds `case.place`; nothing where the column's normalisation has looked it up already."""
    if "region_successor" in case.column.normalise:
        return {}

    def looked_up(rows: DataFrame) -> DataFrame:
        return regions.with_region(rows, case.sent, case.place, case.scope)

    return {case.place: looked_up}
