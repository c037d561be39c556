"""Returns rows with `_key` and `_position`: which thing a row speaks of and where it stands in source time."""

from __future__ import annotations

from functools import reduce
from operator import and_

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
    keyed = with_normalised(rows, contract, scope, contract.key_columns).withColumn("_key", key(contract))
    return keyed.select(*(f"`{name}`" for name in kept), "_key")


def add_position(rows: DataFrame, contract: model.Contract, scope: RuleScope) -> DataFrame:
    """Returns the rows with `_position`.

    Columns: adds `_position` (UTC ISO text), null where it cannot be read.
    """
    kept = [name for name in rows.columns if name != "_position"]
    only = [contract.column(contract.position)] if contract.position else []
    placed = with_normalised(rows, contract, scope, only).withColumn("_position", position(contract, scope))
    return placed.select(*(f"`{name}`" for name in kept), "_position")


def key(contract: model.Contract) -> Column:
    """Returns the `_key` of rows with normalised text."""
    values = [normalised_text(column.name) for column in contract.key_columns]
    return F.when(is_readable(contract), F.sha2(F.to_json(F.array(*values)), 256))


def is_readable(contract: model.Contract) -> Column:
    """Returns whether no key value is missing in rows with normalised text."""
    return reduce(and_, (normalised_text(column.name).isNotNull() for column in contract.key_columns), F.lit(True))


def position(contract: model.Contract, scope: RuleScope, value: Column | None = None) -> Column:
    """Returns the `_position` of rows with normalised text: the position column, or else the begin of the business date.

    `value` is the position column's typed value where it is known.
    """
    if contract.position is None:
        return types.position_text(types.midnight(F.col("_business_date"), scope.timezone))
    column = contract.column(contract.position)
    value = types.typed(normalised_text(column.name), column, scope.timezone) if value is None else value
    return types.position_text(types.midnight(value, scope.timezone) if column.type == "date" else value)
