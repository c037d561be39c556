"""Turn bronze rows into rows with the typed columns and flags of silver."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms import types
from spark_jobs.transforms.normalisation import changes, with_normalised
from spark_jobs.transforms.rules.scope import RuleScope, normalised_text


def typed_rows(rows: DataFrame, contract: Contract, scope: RuleScope) -> DataFrame:
    """Return bronze rows with typed columns.

    Columns: the contract's kept columns become typed values of their normalised text; adds `_flags` (broken warnings and
    `<column>.<normalisation>` where a cleaning or normalisation beyond trimming changed the text, sorted); other columns stay.
    Nulls: text that does not fit its type (only rows that broke an error rule have it).
    """
    own = {column.name for column in contract.kept_columns}
    others = [name for name in rows.columns if name not in own and name != "_flags"]
    seen = with_normalised(rows, contract, scope)
    values = [types.typed(normalised_text(column.name), column, scope.timezone).alias(column.name) for column in contract.kept_columns]
    warnings = F.array(*(F.lit(rule.id) for rule in contract.rules_of("warning"))).cast("array<string>")
    broken = F.array_intersect(F.coalesce(F.col("_verdict"), F.array().cast("array<string>")), warnings)
    flags = F.array_sort(F.array_union(broken, changes(contract, scope)))
    return seen.select(*values, *(f"`{name}`" for name in others), flags.alias("_flags"))
