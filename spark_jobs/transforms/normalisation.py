"""Returns rows with the normalised text of every kept column in helper columns `_n_<column>`; region codes by their successor."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import model
from spark_jobs.transforms import regions, text
from spark_jobs.transforms.rules.scope import RuleScope, normalised_name, normalised_text, region_name


def has_successor(column: model.Column) -> bool:
    """Returns whether a column's abolished region codes are replaced."""
    return text.BY_LOOKUP in column.normalise


def with_normalised(rows: DataFrame, contract: model.Contract, scope: RuleScope) -> DataFrame:
    """Returns the rows with `_n_<column>` for every kept column (and `_r_<column>` where region codes are replaced).

    Rows: as they come. Nulls: empty text is null.
    """
    day = F.col("_business_date")
    rows = rows.withColumns({normalised_name(column.name): text.normalised(column) for column in contract.kept_columns})
    replaced = [column.name for column in contract.kept_columns if has_successor(column)]
    for name in replaced:
        rows = regions.with_region(rows, normalised_text(name), region_name(name), scope)
    if not replaced:
        return rows
    return rows.withColumns({normalised_name(name): _replaced(normalised_text(name), F.col(region_name(name)), day) for name in replaced})


def _replaced(code: Column, region: Column, day: Column) -> Column:
    became = regions.successor(region, day)
    return F.coalesce(regions.padded(became, code), code)


def changes(contract: model.Contract) -> Column:
    """Returns the names of the normalisations that changed a row beyond trimming: array of `<column>.<normalisation>`.

    To be asked of rows that `with_normalised` returned.
    """
    flags = []
    for column in contract.kept_columns:
        before = F.col(f"`{column.name}`")
        for step, after in text.stepwise(before, column.normalise):
            if step != "trim":
                flags.append(F.when(after != before, F.lit(f"{column.name}.{step}")))
            before = after
        if has_successor(column):
            flags.append(F.when(normalised_text(column.name) != before, F.lit(f"{column.name}.{text.BY_LOOKUP}")))
    return F.array_compact(F.array(*flags)) if flags else F.array().cast("array<string>")
