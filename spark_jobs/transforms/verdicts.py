"""The verdict of every row: the rules it breaks. Computed in one pass with broadcast lookups; nothing is counted here."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms import keys, types
from spark_jobs.transforms.normalisation import with_normalised
from spark_jobs.transforms.rules.registry import PREDICATES, cases, helpers
from spark_jobs.transforms.rules.scope import RuleCase, RuleScope, normalised_text, typed_name
from spark_jobs.transforms.text import names_that_hold

KEY_UNREADABLE = "_key.unreadable"
POSITION_UNREADABLE = "_position.unreadable"


def add_verdicts(rows: DataFrame, contract: Contract, scope: RuleScope) -> DataFrame:
    """Add the verdict to rows.

    Rows: unchanged, one per line of a delivery; with the kept columns as text, `_batch_id`, `_business_date`, `_reject`.
    Columns: adds `_verdict` (array of rule ids, sorted; empty for rejects and faultless rows), `_position` and `_key`.
    Nulls: empty values break only `required` and `required_when`.
    """
    kept = [name for name in rows.columns if name not in ("_verdict", "_position", "_key")]
    judged = with_values(rows, contract, scope)
    at = F.col(f"`{typed_name(contract.position)}`") if contract.position else None
    judged = judged.withColumn("_position", keys.position(contract, scope, at))
    ruled = cases(contract, scope)
    for helper in helpers(ruled).values():
        judged = helper(judged)
    verdict = F.when(F.col("_reject").isNull(), _broken(ruled, contract)).otherwise(F.array().cast("array<string>"))
    key = F.when(F.col("_reject").isNull(), keys.key(contract))
    return judged.select(*(f"`{name}`" for name in kept), "_position", key.alias("_key"), verdict.alias("_verdict"))


def with_values(rows: DataFrame, contract: Contract, scope: RuleScope) -> DataFrame:
    """Add normalised text (`_n_<column>`), and typed values (`_t_<column>`) for columns that are not text."""
    typed = {
        typed_name(column.name): types.typed(normalised_text(column.name), column, scope.timezone)
        for column in contract.kept_columns
        if column.type != "string"
    }
    rows = with_normalised(rows, contract, scope)
    return rows.withColumns(typed) if typed else rows


def _broken(ruled: list[RuleCase], contract: Contract) -> Column:
    """Return the ids of the rules a row breaks."""
    found = {case.rule.id: PREDICATES[case.rule.kind].breaks(case) for case in ruled}
    found[KEY_UNREADABLE] = ~keys.is_readable(contract)
    found[POSITION_UNREADABLE] = F.col("_position").isNull()
    return names_that_hold(found)


def blocking_rules(contract: Contract) -> tuple[str, ...]:
    """Return the ids of the rules that quarantine a row: error rules, an unreadable key, an unreadable position."""
    return (*(rule.id for rule in contract.rules_of("error")), KEY_UNREADABLE, POSITION_UNREADABLE)
