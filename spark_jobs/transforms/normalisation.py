"""Add helper columns with normalised text: `_s_<column>` as sent (before repairs), `_n_<column>` after repairs."""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import model
from lakehouse.text.cleaning import words_for_nothing
from spark_jobs.transforms import regions, text
from spark_jobs.transforms.rules.scope import (
    RuleScope,
    normalisation_repairs,
    normalised_name,
    normalised_text,
    region_name,
    sent_name,
    sent_text,
)


def with_normalised(rows: DataFrame, contract: model.Contract, scope: RuleScope, only: Collection[model.Column] | None = None) -> DataFrame:
    """Add `_n_<column>` for every kept column (or those in `only`).

    Rows: unchanged.
    Columns: also adds `_s_<column>` where a normalisation repairs values, and `_r_<column>` (the region) where it repairs a region code.
    Nulls: empty text is null.
    """
    columns = contract.kept_columns if only is None else only
    repaired = [column for column in columns if normalisation_repairs(column)]
    named = {sent_name(one.name) if one in repaired else normalised_name(one.name): one for one in columns}
    rows = rows.withColumns({name: text.spelled(column) for name, column in named.items()})
    words = {name: words_for_nothing(contract, column, scope.codes) for name, column in named.items()}
    rows = rows.withColumns({name: text.as_sent(F.col(f"`{name}`"), words[name]) for name in named})
    for column in repaired:
        if "region_successor" in column.normalise:
            rows = regions.with_region(rows, sent_text(column.name), region_name(column.name), scope)
    return rows.withColumns({normalised_name(column.name): _repaired(column) for column in repaired}) if repaired else rows


def _repaired(column: model.Column) -> Column:
    value = sent_text(column.name)
    if "resident_id_18" in column.normalise:
        value = text.resident_id_18(value)
    if "region_successor" in column.normalise:
        became = regions.successor(F.col(region_name(column.name)), F.col("_business_date"))
        value = F.coalesce(regions.padded(became, value), value)
    if "open_ended" in column.normalise:
        value = text.open_ended(value)
    return text.rounded(value, column.decimals or 0) if "round" in column.normalise else value


def changes(contract: model.Contract, scope: RuleScope) -> Column:
    """Return the names of the cleanings and normalisations that changed a row beyond trimming: `<column>.<normalisation>`, in no order.

    The rows must come from `with_normalised`.
    """
    flags: dict[str, Column] = {}
    for column in contract.kept_columns:
        before = F.col(f"`{column.name}`")
        for step, after in text.stepwise(before, column.normalise):
            flags[f"{column.name}.{step}"] = after != before
            before = after
        for step in text.REPAIRS:
            if step in column.normalise:
                flags[f"{column.name}.{step}"] = ~normalised_text(column.name).eqNullSafe(sent_text(column.name))
    sent = [_sent(column, contract, scope) for column in contract.kept_columns]
    return F.concat(text.names_that_hold(flags), text.flags_of_cleaning(sent))


def _sent(column: model.Column, contract: model.Contract, scope: RuleScope) -> text.Sent:
    before = F.col(f"`{column.name}`")
    kept = sent_text(column.name) if normalisation_repairs(column) else normalised_text(column.name)
    is_gone = kept.isNull() & before.isNotNull() if words_for_nothing(contract, column, scope.codes) else F.lit(False)
    return text.Sent(column.name, before, "trim" in column.normalise, is_gone)
