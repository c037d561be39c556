"""Bring the rows of a resource's tables into the shape of its changed contract: renamed columns, other types, another key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms import history, keys
from spark_jobs.transforms.normalisation import with_normalised
from spark_jobs.transforms.rules.scope import RuleScope
from spark_jobs.transforms.silver_rows import typed_rows

SPOT = ("_batch_id", "_source_line")


def shaped(rows: DataFrame, columns: Mapping[str, str], renamed: Mapping[str, str]) -> DataFrame:
    """Return rows with exactly these columns (name → type).

    Columns: one that is called otherwise so far (`renamed`: name → former name) takes its values from there; one that is not there is null.
    """
    values = {name: F.col(f"`{renamed.get(name, name)}`") if renamed.get(name, name) in rows.columns else F.lit(None) for name in columns}
    return rows.select(*(values[name].cast(type_).alias(name) for name, type_ in columns.items()))


def with_renamed_rules(rows: DataFrame, marks: str, renamed: Mapping[str, str]) -> DataFrame:
    """Rename, in the column `marks` (`_verdict` or `_flags`), what is said of renamed columns: `<former name>.…` → `<name>.…`."""
    if not renamed:
        return rows
    former = {was: name for name, was in renamed.items()}

    def mark(said: Column) -> Column:
        column = F.substring_index(said, ".", 1)
        name = reduce(lambda found, one: F.when(column == one[0], F.lit(one[1])).otherwise(found), former.items(), column)
        return F.concat(name, F.substring(said, F.length(column) + 1, F.length(said)))

    return rows.withColumn(marks, F.transform(marks, mark))


def with_keys(rows: DataFrame, contract: Contract, scope: RuleScope) -> DataFrame:
    """Return bronze rows with `_key` made of the key columns of the contract."""
    judged = with_normalised(rows, contract, scope, contract.key_columns)
    return judged.withColumn("_key", F.when(F.col("_reject").isNull(), keys.key(contract))).select(*rows.columns)


def values_anew(texts: DataFrame, contract: Contract, columns: Collection[str], scope: RuleScope) -> DataFrame:
    """Return the values of some columns as bronze rows give them in the types of the contract.

    Rows: one per row of bronze. Columns: `_batch_id, _source_line`, and `_new_<column>` for each column.
    """
    return typed_rows(texts, contract, scope).select(*SPOT, *(F.col(f"`{name}`").alias(f"_new_{name}") for name in columns))


def retyped(versions: DataFrame, values: DataFrame, columns: Collection[str]) -> DataFrame:
    """Return silver versions whose `columns` have the values and types of `values` (`values_anew`).

    Rows: unchanged; a version that no row of bronze made (an absence) takes its values as they are.
    Columns: adds `_misfit`, whether a value did not fit its new type.
    """
    types = {field.name: field.dataType for field in values.schema.fields}
    found = versions.join(values.withColumn("_found", F.lit(True)), list(SPOT), "left")
    news = {
        name: F.when(F.col("_found"), F.col(f"`_new_{name}`")).otherwise(F.col(f"`{name}`").try_cast(types[f"_new_{name}"]))
        for name in columns
    }
    lost = [F.col(f"`{name}`").isNotNull() & value.isNull() for name, value in news.items()]
    misfit = reduce(lambda one, other: one | other, lost, F.lit(False))
    return found.withColumns({"_misfit": misfit, **news}).select(*versions.columns, "_misfit")


def rehashed(versions: DataFrame, contract: Contract) -> DataFrame:
    """Return silver versions with the hashes and ids that they would have, had they been written in this shape."""
    hashed = versions.withColumn("_content_hash", history.content_hash(contract))
    first_end = F.when(F.col("_closed_on").isNull(), F.col("valid_to"))  # one that was closed later was open when it was written
    return hashed.withColumn("_version_id", history.version_id(first_end, F.col("_recorded_on")))
