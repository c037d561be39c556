"""Returns the verdict of every row: the rules it breaks. One pass over the data, lookups broadcast, nothing counted here."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms import keys
from spark_jobs.transforms.normalisation import with_normalised
from spark_jobs.transforms.rules.registry import PREDICATES, cases
from spark_jobs.transforms.rules.scope import RuleCase, RuleScope

KEY_UNREADABLE = "_key.unreadable"
POSITION_UNREADABLE = "_position.unreadable"


def add_verdicts(rows: DataFrame, contract: Contract, scope: RuleScope) -> DataFrame:
    """Returns the rows with their verdict.

    Rows: one per line of a delivery, as they come; kept columns as text, `_batch_id`, `_business_date`, `_reject`.
    Columns: adds `_verdict` (array of rule ids, sorted; empty for rejects and faultless rows) and, where it is missing, `_position`.
    Nulls: empty values break only `required` and `required_when`.
    """
    kept = [name for name in rows.columns if name not in ("_verdict", "_position")]
    judged = with_normalised(rows, contract, scope).withColumn("_position", keys.position(contract, scope))
    ruled = cases(contract, scope)
    for case in ruled:
        prepare = PREDICATES[case.rule.kind].prepare
        judged = prepare(case, judged) if prepare else judged
    verdict = F.when(F.col("_reject").isNull(), F.array_sort(_broken(ruled, contract))).otherwise(F.array().cast("array<string>"))
    return judged.select(*(f"`{name}`" for name in kept), "_position", verdict.alias("_verdict"))


def _broken(ruled: list[RuleCase], contract: Contract) -> Column:
    """Returns the ids of the broken rules; a condition that is null is not broken."""
    found = [F.when(PREDICATES[case.rule.kind].breaks(case), F.lit(case.rule.id)) for case in ruled]
    found.append(F.when(keys.key(contract).isNull(), F.lit(KEY_UNREADABLE)))
    found.append(F.when(F.col("_position").isNull(), F.lit(POSITION_UNREADABLE)))
    return F.array_compact(F.array(*found))


def blocking_rules(contract: Contract) -> tuple[str, ...]:
    """Returns the ids that quarantine a row: error rules, an unreadable key, an unreadable position."""
    return (*(rule.id for rule in contract.rules_of("error")), KEY_UNREADABLE, POSITION_UNREADABLE)
