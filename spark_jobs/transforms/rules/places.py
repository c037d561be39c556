"""Returns rows with what the region tree says of a rule's column, joined once per column."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.transforms import regions
from spark_jobs.transforms.rules.scope import RuleCase


def with_place(case: RuleCase, rows: DataFrame) -> DataFrame:
    """Returns the rows with `case.place`, unless the normalisation or an earlier rule of the column has looked it up."""
    if case.place in rows.columns:
        return rows
    return regions.with_region(rows, case.as_sent(), case.place, case.scope)
