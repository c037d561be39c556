"""Build the history of a resource again from bronze, day by day and beside the one that stands, and compare both in every column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.naming import rebuilt, silver
from lakehouse.ops.batches import Batch
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.ingest.silver import Selection, Step
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import silver_table
from spark_jobs.transforms.rules.scope import RuleScope


@dataclass(frozen=True)
class RebuiltHistory:
    """The comparison of a rebuilt history with the one that stands.

    Attributes:
        resource: the resource.
        versions: the versions that were built from bronze.
        lacking: those of them that silver did not hold, or held with another value in any column.
        surplus: the versions in silver that bronze does not give.
        written: the rows of silver that were changed to what was built; 0 for a check.
    """

    resource: str
    versions: int
    lacking: int
    surplus: int
    written: int = 0


def rebuild(
    instance: Instance, contract: Contract, known: Sequence[Batch], written_on: Mapping[str, date], *, check: bool
) -> RebuiltHistory:
    """Build the history of a resource again and, unless it is only a check, make silver hold it; nothing is written where both agree.

    Args:
        instance: the instance.
        contract: the contract of the resource.
        known: all its batches, as they are recorded.
        written_on: batch id → the day with whose step it came into silver.
        check: whether silver stays as it is.

    Raises:
        QualityError: the rebuilt history lacks keys or has overlaps.
    """
    spark = open_session(instance, sum(batch.received for batch in known))
    storage.ensure_tables(spark, instance, contract)
    table = rebuilt(contract.code)
    storage.drop(spark, instance, table)  # what an interrupted run left behind
    try:
        storage.ensure_table(spark, instance, replace(silver_table(contract), name=table))
        _build(instance, contract, rule_scope(spark, instance), known, written_on)
        return _settle(spark, contract, check=check)
    finally:
        storage.drop(spark, instance, table)


def as_of(known: Sequence[Batch], written_on: Mapping[str, date], day: date) -> list[Batch]:
    """Return the batches as the step of a day found them: later ones not through the gate yet, its own not in silver yet."""
    found = []
    for one in known:
        on = written_on.get(one.batch_id)
        is_later = on is None or on > day
        found.append(replace(one, gate=None if is_later else one.gate, silver_on=None if is_later or on == day else on))
    return found


def _build(instance: Instance, contract: Contract, scope: RuleScope, known: Sequence[Batch], written_on: Mapping[str, date]) -> None:
    for day in sorted(set(written_on.values())):
        selection = Selection.of(as_of(known, written_on, day), day)
        if selection.waiting:
            key = instance.key_path("hmac.key")
            step = Step(scope.spark, contract, scope, key, selection, day, table=rebuilt(contract.code))
            step.write()
            step.check()


def _settle(spark: SparkSession, contract: Contract, *, check: bool) -> RebuiltHistory:
    built, stood = storage.read(spark, rebuilt(contract.code)), storage.read(spark, silver(contract.code))
    lacking, surplus = (one.exceptAll(other).count() for one, other in ((built, stood), (stood, built)))
    written = 0
    if not check and (lacking or surplus):
        target = storage.Target(silver(contract.code), ("_version_id",), delete_where="true")
        written = storage.write_differences(spark, target, built).total
    return RebuiltHistory(contract.code, built.count(), lacking, surplus, written)
