"""Returns rows with `_key` and `_position`: which thing a row speaks of and where it stands in source time."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import model
from spark_jobs.transforms import types
from spark_jobs.transforms.normalisation import with_normalised
from spark_jobs.transforms.rules.scope import RuleScope, normalised_text


def add_key(rows: DataFrame, contract: model.Contract, scope: RuleScope) -> DataFrame:
    """Returns the rows with `_key`.

    Columns: adds `_key` (SHA-256 of the JSON array of the normalised key values), null where a key value is missing.
    """
    kept = [name for name in rows.columns if name != "_key"]
    return with_normalised(rows, contract, scope).withColumn("_key", key(contract)).select(*(f"`{name}`" for name in kept), "_key")


def add_position(rows: DataFrame, contract: model.Contract, scope: RuleScope) -> DataFrame:
    """Returns the rows with `_position`.

    Columns: adds `_position` (UTC ISO text), null where it cannot be read.
    """
    kept = [name for name in rows.columns if name != "_position"]
    placed = with_normalised(rows, contract, scope).withColumn("_position", position(contract, scope))
    return placed.select(*(f"`{name}`" for name in kept), "_position")


def key(contract: model.Contract) -> Column:
    """Returns the `_key` of rows with normalised text."""
    values = [normalised_text(column.name) for column in contract.key_columns]
    readable = F.forall(F.array(*values), lambda value: value.isNotNull())
    return F.when(readable, F.sha2(F.to_json(F.array(*values)), 256))


def position(contract: model.Contract, scope: RuleScope) -> Column:
    """Returns the `_position` of rows with normalised text: the position column, or else the begin of the business date."""
    if contract.position is None:
        return types.position_text(types.midnight(F.col("_business_date"), scope.timezone))
    column = contract.column(contract.position)
    value = types.typed(normalised_text(column.name), column, scope.timezone)
    return types.position_text(types.midnight(value, scope.timezone) if column.type == "date" else value)
