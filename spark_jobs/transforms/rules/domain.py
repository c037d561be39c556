"""Spark predicate `domain`: a code, or its first characters, is not in the code table at the business date."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import Helper, RuleCase, is_valid_at

FEW = 200


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper column with the validity periods of the row's code (a broadcast join), null where the table lacks the code."""
    if _is_short(case):
        return {}
    found = case.helper("periods")
    code = f"{found}__code"

    def looked_up(rows: DataFrame) -> DataFrame:
        periods = case.scope.code_periods(case.params["codes"])
        codes = periods.select(F.col("code").alias(code), F.col("periods").alias(found))
        return rows.join(F.broadcast(codes), _code(case) == codes[code], "left").drop(code)

    return {found: looked_up}


def breaks(case: RuleCase) -> Column:
    """Return true where no period of the code contains the business date."""
    if _is_short(case):
        return ~_code(case).isin([version.code for version in case.scope.codes[case.params["codes"]].versions])
    periods = F.col(case.helper("periods"))
    valid = F.exists(periods, lambda period: is_valid_at(period, case.business_date))
    return case.text.isNotNull() & ~F.coalesce(valid, F.lit(False))


def _code(case: RuleCase) -> Column:
    first = case.params.get("first")
    return F.substring(case.text, 1, first) if first else case.text


def _is_short(case: RuleCase) -> bool:
    """Return whether the table is short and its codes have no validity dates; then a list of literals is cheaper than a join."""
    versions = case.scope.codes[case.params["codes"]].versions
    return 0 < len(versions) <= FEW and not any(version.valid_from or version.valid_to for version in versions)
