"""Read landed batches into bronze, with their verdicts and in one commit, and count their rows again by a fresh read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import functions as F

from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, QualityError, problems_text
from lakehouse.ingest import intake, staging
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.ingest.staging import Staged
from lakehouse.naming import bronze
from lakehouse.objects import open_area
from lakehouse.ops import connect
from lakehouse.ops.batches import Batch
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.transforms.verdicts import add_verdicts


def take_in(instance: Instance, contract: Contract, landed: Sequence[Batch], on: date, *, again: bool = False) -> tuple[Staged, int, int]:
    """Read landed batches into bronze, and record that; return what was read, the rows added, and how many batches wait for what follows.

    Args:
        instance: the instance.
        contract: the contract of the resource.
        landed: the batches.
        on: the business date.
        again: whether bronze may have held their rows before and lost them.

    Raises:
        QualityError: bronze does not hold the rows that were received.
    """
    areas = open_area(instance, "landing"), open_area(instance, "lake")
    staged = staging.stage(areas, contract, landed, on)
    added = append(instance, contract, staged, [batch for batch in landed if batch.batch_id not in staged.refused], again=again)
    with connect(instance) as connection:
        waiting = intake.settle(Desk(connection, contract, load_clocks(instance), on), landed, staged.refused)
    staging.clear(areas[1], contract, on)
    return staged, added, waiting


def counts(instance: Instance, contract: Contract) -> dict[str, int]:
    """Return how many rows of each batch bronze holds."""
    spark = open_session(instance, tables=[bronze(contract.code)])
    storage.ensure_tables(spark, instance, contract)
    found = storage.read(spark, bronze(contract.code)).groupBy("_batch_id").count().collect()
    return {row["_batch_id"]: row["count"] for row in found}


def append(instance: Instance, contract: Contract, staged: Staged, readable: Sequence[Batch], *, again: bool = False) -> int:
    """Append the rows of batches to bronze and return how many were added; batches already there (after a repeated step) are only counted.

    Args:
        instance: the instance.
        contract: the contract of the resource.
        staged: what was read of the batches.
        readable: the batches.
        again: whether their rows were there once, and were lost.

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
    added = set(storage.append_batches(spark, table, rows, ids, again=again))
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
