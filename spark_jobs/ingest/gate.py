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
from lakehouse.ingest import rulings
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.ingest.usual_size import usual_sizes
from lakehouse.naming import bronze
from lakehouse.objects import Area
from lakehouse.ops import batches, connect, ingest_runs, rule_counts
from lakehouse.ops.batches import KNOWN, Batch, Counts
from lakehouse.ops.rulings import Ruling, on_deliveries
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session

BLOCKED: Literal["blocked"] = "blocked"
RELEASED: Literal["released"] = "released"
NOTHING_SENT = Decision("warned", (EMPTY,))


@dataclass(frozen=True)
class Judged:
    """A batch with the gate's decision.

    Attributes:
        batch: the batch; one that was judged before and is released now keeps its verdicts, so it is not counted again.
        decision: what the rules make of it.
        usual: the number of rows its provider usually delivers; None where it cannot be told.
        ruling: what a person decided about it.
        by_person: the gate's result that follows from that; None where nobody decided.
    """

    batch: Batch
    decision: Decision
    usual: float | None = None
    ruling: Ruling | None = None
    by_person: Literal["released", "blocked"] | None = None

    @property
    def gate(self) -> Literal["passed", "warned", "released", "blocked"]:
        """Return the gate's result: a person's word stands above that of the rules."""
        return self.by_person or self.decision.gate

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

    One that has been judged already is no part of the checkpoint: it is let through, because a person released it.

    Raises:
        QualityError: the checkpoint did not run, or other numbers of rows are committed than were received.
    """
    received = {batch.batch_id: batch.received for batch in waiting if batch.received and batch.gate is None}
    found: dict[str, Decision] = {batch.batch_id: Decision(BLOCKED) for batch in waiting if batch.gate == BLOCKED}
    with connect(instance) as connection:
        ruled = on_deliveries(connection, [batch.batch_id for batch in waiting])
        usual = usual_sizes(connection, waiting, WorkCalendar(instance.city.extra_holidays))
    if received:
        spark = open_session(instance, sum(received.values()))
        rows = storage.read(spark, bronze(contract.code)).where(F.col("_batch_id").isin(list(received))).select(*COUNTED)
        suite = gate_suite(contract, instance.city.timezone)
        results = checkpoint.run(instance.folder("derived"), suite, rows, on.isoformat(), {RECEIVED: received, USUAL: usual})
        _ensure_complete(contract.code, incomplete(results))
        found |= decisions(results)
    by_person = {batch_id: rulings.gate_by(one, on) for batch_id, one in ruled.items()}
    return [
        Judged(one, found.get(one.batch_id, NOTHING_SENT), usual.get(one.batch_id), ruled.get(one.batch_id), by_person.get(one.batch_id))
        for one in waiting
    ]


def record(desk: Desk, landing: Area, judged: Sequence[Judged]) -> None:
    """Record the decisions with the counts by rule; a blocked batch opens a ticket, the others close those they settle.

    The ticket also tells what the reader remarked about the delivery in the run of this date. A release is carried out: its document in
    the landing says so first.
    """
    run = ingest_runs.get(desk.connection, desk.contract.code, desk.on)
    remarks = run.detail.remarks if run else {}
    rule_counts.record(desk.connection, {one.batch.batch_id: one.decision.broken for one in judged if one.batch.gate is None})
    for gate in KNOWN:
        batches.let_through(desk.connection, [one.batch.batch_id for one in judged if one.gate == gate], gate)
    for one in judged:
        if one.gate == RELEASED and one.ruling:
            rulings.carry_out(desk.connection, landing, one.batch, one.ruling, desk.on)
            desk.rule(one.ruling)
        elif one.gate == BLOCKED:
            _block(desk, one, remarks.get(one.batch.batch_id, ()))
    desk.let_in([one.batch for one in judged if one.gate != BLOCKED])


def _block(desk: Desk, one: Judged, remarks: Sequence[str]) -> None:
    """Record that a batch is blocked, and open its ticket unless a person has settled it already."""
    batches.record_gate(desk.connection, one.batch.batch_id, BLOCKED, Counts(held=one.batch.received))
    if one.ruling is None or one.ruling.verdict == "release":
        broken = {rule: one.decision.broken.get(rule, 0) for rule in one.decision.reasons}
        desk.stop(BLOCKED, one.batch, _message(one.batch, broken, remarks), broken)


def _ensure_complete(resource: str, batches_without: int) -> None:
    if batches_without:
        found = f"{batches_without} batches have other numbers of rows in bronze than were received."
        raise QualityError(Problem(f"gate of {resource}: rows", found, "as many rows as were received.").text())


def _message(batch: Batch, broken: Mapping[str, int], remarks: Sequence[str]) -> str:
    told = ", ".join(f"{rule} {count}" for rule, count in broken.items())
    message = f"批次被拦截，全部 {batch.received} 行暂扣 / the batch is blocked and all its {batch.received} rows are held: {told}."
    return "\n  ".join([message, *remarks])
