"""Compare the listed keys and positions of a whole source with those that have arrived."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import model
from spark_jobs.transforms import keys, types
from spark_jobs.transforms.normalisation import with_normalised
from spark_jobs.transforms.rules.scope import RuleScope, normalised_text


def listed(rows: DataFrame, contract: model.Contract, compared: tuple[model.Column, ...], scope: RuleScope) -> DataFrame:
    """Return the keys and positions of listed rows.

    Rows: one per row of the source whose key and position can be read; others come in every window, or are told as quarantined.
    Columns: `_key`, `_position` (null where the resource has none), `_day` (of the watermark, in the city's time).
    """
    source = contract.source
    assert isinstance(source, model.PostgresSource | model.ApiSource)
    seen = with_normalised(rows, contract, scope, compared)
    position = keys.position(contract, scope) if contract.position else F.lit(None).cast("string")
    mark = next(column for column in compared if column.source_name == source.watermark)
    found = seen.select(keys.key(contract).alias("_key"), position.alias("_position"), _day(mark, scope.timezone).alias("_day"))
    readable = F.col("_key").isNotNull() & (F.col("_position").isNotNull() if contract.position else F.lit(True))
    return found.where(readable)


def missing_here(rows: DataFrame, arrived: DataFrame, contract: model.Contract, coming: tuple[date, date]) -> DataFrame:
    """Return the listed rows whose key and position never arrived.

    Args:
        rows: what `listed` returned.
        arrived: the rows of bronze.
        contract: the resource.
        coming: the first and the last day of the next window, which takes what changed then.
    """
    same = ["_key", "_position"] if contract.position else ["_key"]
    comes = F.col("_day").between(*coming) | F.col("_day").isNull()  # a row without a watermark comes in every window
    return rows.where(~comes).join(arrived.where(F.col("_key").isNotNull()).select(*same), same, "anti")


def missing_there(rows: DataFrame, held: DataFrame, contract: model.Contract) -> DataFrame:
    """Return the keys that are held here and that the source does not list, or lists only at earlier positions.

    Args:
        rows: what `listed` returned.
        held: the open versions of silver.
        contract: the resource.
    """
    newest = rows.groupBy("_key").agg(F.max("_position").alias("_newest"))
    both = held.where(~F.col("_deleted")).select("_key", "_position").join(newest.withColumn("_is_listed", F.lit(True)), "_key", "left")
    fell_back = F.col("_newest") < F.col("_position") if contract.position else F.lit(False)
    return both.where(F.col("_is_listed").isNull() | fell_back).select("_key")


def _day(mark: model.Column, timezone: str) -> Column:
    value = types.typed(normalised_text(mark.name), mark, timezone)
    return value if mark.type == "date" else types.local_date(value, timezone)
