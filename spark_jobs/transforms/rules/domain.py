"""Returns whether a code is not in its code table at the business date."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import RuleCase, is_valid_at


def prepare(case: RuleCase, rows: DataFrame) -> DataFrame:
    """Returns the rows with the periods of their code (a broadcast join; null where the table has no such code)."""
    code = case.helper("code")
    periods = case.scope.code_periods(case.params["codes"])
    codes = periods.select(F.col("code").alias(code), F.col("periods").alias(case.helper("periods")))
    return rows.join(F.broadcast(codes), case.text == codes[code], "left").drop(code)


def breaks(case: RuleCase) -> Column:
    """Returns true where no period of the code contains the business date."""
    periods = F.col(case.helper("periods"))
    valid = F.exists(periods, lambda period: is_valid_at(period, case.business_date))
    return case.text.isNotNull() & ~F.coalesce(valid, F.lit(False))
