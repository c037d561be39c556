"""Append the staged rows of a step to bronze, with their verdicts and in one commit, and count them again by a fresh read."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, QualityError, problems_text
from lakehouse.ingest.staging import Staged
from lakehouse.naming import bronze
from lakehouse.ops.batches import Batch
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.transforms.verdicts import add_verdicts


def append(instance: Instance, contract: Contract, staged: Staged, readable: Sequence[Batch]) -> int:
    """Append the rows of batches to bronze and return how many were added; batches already there (after a repeated step) are only counted.

    Raises:
        QualityError: the table does not hold exactly the rows that were received.
    """
    filled = [batch for batch in readable if batch.received]
    if not filled:
        return 0
    spark = open_session(instance, sum(batch.received for batch in filled))
    storage.ensure_tables(spark, instance, contract)
    table, ids = bronze(contract.code), [batch.batch_id for batch in filled]
    rows = add_verdicts(storage.read_staged(spark, instance, staged.path), contract, rule_scope(spark, instance))
    added = set(storage.append_batches(spark, table, rows, ids))
    there = storage.read(spark, table).where(F.col("_batch_id").isin(ids)).groupBy("_batch_id").count().collect()
    _check(filled, {row["_batch_id"]: row["count"] for row in there}, table)
    return sum(batch.received for batch in filled if batch.batch_id in added)


def _check(filled: Sequence[Batch], there: dict[str, int], table: str) -> None:
    wrong = [
        Problem(f"{table}: batch {batch.batch_id}", f"{batch.received} rows were received, {there.get(batch.batch_id, 0)} are there.")
        for batch in filled
        if there.get(batch.batch_id, 0) != batch.received
    ]
    if wrong:
        raise QualityError(problems_text(wrong))
