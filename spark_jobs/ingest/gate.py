"""The gate: Great Expectations judges the committed rows of a step's batches; what it returns for a batch is recorded and carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import functions as F

from expectations import checkpoint
from expectations.decision import Decision, decisions, incomplete
from expectations.suite import BATCH_FACTS, EMPTY, RECEIVED, USUAL, VOLUME, gate_suite
from expectations.tallies import COUNTED
from lakehouse.city.calendar import WorkCalendar
from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, QualityError
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.ingest.usual_size import usual_sizes
from lakehouse.naming import bronze
from lakehouse.ops import batches, connect, ingest_runs, rule_counts
from lakehouse.ops.batches import Batch, Counts
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session

BLOCKED: Literal["blocked"] = "blocked"
NOTHING_SENT = Decision("warned", (EMPTY,))


@dataclass(frozen=True)
class Judged:
    """A batch with the gate's decision, and the number of rows its provider usually delivers (None: it cannot be told)."""

    batch: Batch
    decision: Decision
    usual: float | None = None

    @property
    def remarks(self) -> list[str]:
        """Return what is odd about the batch as a whole, in words."""
        facts = [reason for reason in self.decision.reasons if reason in BATCH_FACTS and self.decision.gate == "warned"]
        return [f"{self.batch.source_object}: {BATCH_FACTS[fact]}{self._numbers(fact)}" for fact in facts]

    def _numbers(self, fact: str) -> str:
        if fact != VOLUME or self.usual is None:
            return ""
        return f"（{self.batch.received} 行，往常 {self.usual:g} 行 / {self.batch.received} rows, usually {self.usual:g}）"


def judge(instance: Instance, contract: Contract, waiting: Sequence[Batch], on: date) -> list[Judged]:
    """Return the gate's decision on each batch: the outcome of one checkpoint over all of them; a batch without rows is warned of.

    Raises:
        QualityError: the checkpoint did not run, or other numbers of rows are committed than were received.
    """
    received = {batch.batch_id: batch.received for batch in waiting if batch.received}
    found: dict[str, Decision] = {}
    with connect(instance) as connection:
        usual = usual_sizes(connection, waiting, WorkCalendar(instance.city.extra_holidays))
    if received:
        spark = open_session(instance, sum(received.values()))
        rows = storage.read(spark, bronze(contract.code)).where(F.col("_batch_id").isin(list(received))).select(*COUNTED)
        suite = gate_suite(contract, instance.city.timezone)
        results = checkpoint.run(instance.folder("derived"), suite, rows, on.isoformat(), {RECEIVED: received, USUAL: usual})
        _ensure_complete(contract.code, incomplete(results))
        found = decisions(results)
    return [Judged(batch, found.get(batch.batch_id, NOTHING_SENT), usual.get(batch.batch_id)) for batch in waiting]


def record(desk: Desk, judged: Sequence[Judged]) -> None:
    """Record the decisions with the counts by rule; a blocked batch opens a ticket, the others close those they settle.

    The ticket also tells what the reader remarked about the delivery in the run of this date.
    """
    run = ingest_runs.get(desk.connection, desk.contract.code, desk.on)
    remarks = run.detail.remarks if run else {}
    rule_counts.record(desk.connection, {one.batch.batch_id: one.decision.broken for one in judged})
    batches.let_through(desk.connection, [one.batch.batch_id for one in judged if one.decision.gate == "passed"], "passed")
    batches.let_through(desk.connection, [one.batch.batch_id for one in judged if one.decision.gate == "warned"], "warned")
    for one in judged:
        if one.decision.gate == BLOCKED:
            batches.record_gate(desk.connection, one.batch.batch_id, BLOCKED, Counts(held=one.batch.received))
            broken = {rule: one.decision.broken[rule] for rule in one.decision.reasons}
            desk.stop(BLOCKED, one.batch, _message(one.batch, broken, remarks.get(one.batch.batch_id, ())), broken)
    desk.let_in([one.batch for one in judged if one.decision.gate != BLOCKED])


def _ensure_complete(resource: str, batches_without: int) -> None:
    if batches_without:
        found = f"{batches_without} batches have other numbers of rows in bronze than were received."
        raise QualityError(Problem(f"gate of {resource}: rows", found, "as many rows as were received.").text())


def _message(batch: Batch, broken: Mapping[str, int], remarks: Sequence[str]) -> str:
    told = ", ".join(f"{rule} {count}" for rule, count in broken.items())
    message = f"批次被拦截，全部 {batch.received} 行暂扣 / the batch is blocked and all its {batch.received} rows are held: {told}."
    return "\n  ".join([message, *remarks])
