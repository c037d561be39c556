"""Count the rows that break each rule a second time, by native expectations or plain Python, without using the verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from expectations.native import has_native, native_counts
from expectations.rules.check import Ground
from expectations.rules.registry import checks
from expectations.tallies import counted
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract
from lakehouse.jobs import Answer, JobRequest, resource_of
from lakehouse.ops import batches, connect
from lakehouse.ops.batches import Batch
from spark_jobs.ingest.known_rows import known_rows
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.lake.session import open_session
from spark_jobs.transforms.verdicts import with_values


@dataclass(frozen=True)
class RuleCount:
    """A rule with both counts of the rows that break it; `by` names what counted again (`gx` or `python`)."""

    rule: str
    severity: str
    by: str
    counted: int
    verdicts: int


@dataclass(frozen=True, kw_only=True)
class RecountAnswer(Answer):
    """The number of batches, both counts of every rule over them, and whether all counts agree."""

    batches: int
    rules: tuple[RuleCount, ...]
    agree: bool


def run(instance: Instance, request: JobRequest) -> RecountAnswer:
    """Count the broken rules again in the batches that were taken in on the business date.

    Raises:
        QualityError: the native checkpoint did not run.
    """
    contract = load_contract_of(instance.settings.contracts, resource_of("recount", request))
    with connect(instance) as connection:
        taken = batches.taken_on(connection, request.business_date)
    ours = [batch for batch in taken if batch.resource == contract.code and batch.bronze_recorded_at]
    filled = [batch for batch in ours if batch.received]
    counts = _recount(instance, contract, filled) if filled else []
    return RecountAnswer(batches=len(ours), rules=tuple(counts), agree=all(one.counted == one.verdicts for one in counts))


def _recount(instance: Instance, contract: Contract, filled: list[Batch]) -> list[RuleCount]:
    spark = open_session(instance, sum(batch.received for batch in filled))
    scope = rule_scope(spark, instance)
    ground = Ground(scope.codes, scope.regions, scope.timezone, scope.departments)
    rows = known_rows(spark, contract.code).where(F.col("_batch_id").isin([batch.batch_id for batch in filled]))
    wanted = (*(column.name for column in contract.kept_columns), "_batch_id", "_business_date", "_provider")
    sent = rows.where("_reject IS NULL").select(*wanted)
    found = native_counts(instance.folder("derived"), contract, ground, with_values(sent, contract, scope))
    names = [rule.id for rule in contract.rules]
    tallied = counted(rows).values()
    said = {name: sum(tally.broken.get(name, 0) for tally in tallied) for name in names}
    return [
        RuleCount(one.rule.id, one.rule.severity, "gx" if has_native(one) else "python", found[one.rule.id], said[one.rule.id])
        for one in checks(contract, ground)
    ]
