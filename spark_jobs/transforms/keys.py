"""The technical columns `_key` (hash of the key values, identifies what a row is about) and `_position` (its order in source time)."""

from __future__ import annotations

from functools import reduce
from operator import and_

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contracts import model
from spark_jobs.transforms import types
from spark_jobs.transforms.rules.scope import RuleScope, normalised_text


def key(contract: model.Contract) -> Column:
    """Return the `_key` of rows with normalised text."""
    values = [normalised_text(column.name) for column in contract.key_columns]
    return F.when(is_readable(contract), F.sha2(F.to_json(F.array(*values)), 256))


def is_readable(contract: model.Contract) -> Column:
    """Return whether a row with normalised text has all its key values."""
    return reduce(and_, (normalised_text(column.name).isNotNull() for column in contract.key_columns), F.lit(True))


def position(contract: model.Contract, scope: RuleScope, value: Column | None = None) -> Column:
    """Return the `_position` of rows with normalised text: the position column, or without one the beginning of the business date.

    `value` is the typed value of the position column, if it is computed already.
    """
    if contract.position is None:
        return types.position_text(types.midnight(F.col("_business_date"), scope.timezone))
    column = contract.column(contract.position)
    value = types.typed(normalised_text(column.name), column, scope.timezone) if value is None else value
    return types.position_text(types.midnight(value, scope.timezone) if column.type == "date" else value)
