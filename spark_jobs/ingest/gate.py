"""The gate: count the verdicts of committed rows, run Great Expectations on the same rows, compare both counts, decide on each batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.checkpoint import counted
from expectations.decision import BATCH_FACTS, REJECTED, Decision, Tally, decide, labels
from expectations.suite import ROWS, gate_suite
from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, QualityError, problems_text
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.naming import bronze
from lakehouse.ops import batches, rule_counts
from lakehouse.ops.batches import Batch, Counts
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.transforms.tallies import tallies, with_batch_verdict

BLOCKED: Literal["blocked"] = "blocked"
USED = ("_batch_id", "_verdict", "_reject", "_row_hash", "_position")


@dataclass(frozen=True)
class Judged:
    """A batch with its counts and the gate's decision."""

    batch: Batch
    tally: Tally
    decision: Decision


def judge(instance: Instance, contract: Contract, waiting: Sequence[Batch], on: date) -> list[Judged]:
    """Return the gate's decision on each batch; one checkpoint runs over all of them.

    Raises:
        QualityError: the checkpoint did not run, or its counts differ from those of the verdicts or from the rows received.
    """
    counts: dict[str, Tally] = {}
    filled = [batch for batch in waiting if batch.received]
    zone = instance.city.timezone
    if filled:
        spark = open_session(instance, sum(batch.received for batch in filled))
        rows = storage.read(spark, bronze(contract.code)).where(F.col("_batch_id").isin([batch.batch_id for batch in filled]))
        rows = rows.select(*USED)
        counts = _tallies(rows, list(labels(contract)))
    judged = [
        Judged(batch, tally, decide(contract, batch.business_date, tally, zone))
        for batch in waiting
        for tally in [counts.get(batch.batch_id, Tally())]
    ]
    if filled:
        _confirm(instance, contract, rows, judged, on)
    return judged


def record(desk: Desk, judged: Sequence[Judged]) -> None:
    """Record the gate's decisions with the counts per rule; a blocked batch opens a ticket, the others close those they settle."""
    for one in judged:
        batch, decision = one.batch, one.decision
        counts = Counts(held=batch.received) if decision.gate == BLOCKED else None
        batches.record_gate(desk.connection, batch.batch_id, decision.gate, counts)
        rule_counts.record(desk.connection, batch.batch_id, _broken(one))
        if decision.gate == BLOCKED:
            broken = {rule: _broken(one)[rule] for rule in decision.reasons}
            desk.stop(BLOCKED, batch, _message(batch, broken), broken)
    desk.let_in([one.batch for one in judged if one.decision.gate != BLOCKED])


def _tallies(rows: DataFrame, rules: Sequence[str]) -> dict[str, Tally]:
    found = {}
    for row in tallies(rows).collect():
        repeated = row["rows"] - row["rejected"] - row["distinct"]
        told = row["broken"] or {}
        broken = {rule: told.get(rule, 0) for rule in rules}
        found[row["_batch_id"]] = Tally(row["rows"], row["rejected"], repeated, row["newest"], broken)
    return found


def _broken(judged: Judged) -> dict[str, int]:
    facts = dict.fromkeys(judged.decision.facts, judged.tally.rows)
    return {**judged.tally.broken, REJECTED: judged.tally.rejected, **facts}


def _confirm(instance: Instance, contract: Contract, rows: DataFrame, judged: Sequence[Judged], on: date) -> None:
    """Run the checkpoint and compare its counts with those of the verdicts, rule by rule."""
    facts = {fact: [one.batch.batch_id for one in judged if fact in one.decision.facts] for fact in BATCH_FACTS}
    suite = gate_suite(contract, sum(one.batch.received for one in judged))
    found = counted(instance.folder("derived"), suite, with_batch_verdict(rows, facts), on.isoformat())
    names = [*labels(contract), REJECTED, *BATCH_FACTS]
    expected = {ROWS: 0, **{name: sum(_broken(one).get(name, 0) for one in judged) for name in names}}
    problems = [
        Problem(f"gate of {contract.code}: {name}", f"the checkpoint counts {found.get(name)} rows.", f"{count}, as in the verdicts.")
        for name, count in expected.items()
        if found.get(name) != count
    ]
    if problems:
        raise QualityError(problems_text(problems))


def _message(batch: Batch, broken: Mapping[str, int]) -> str:
    told = ", ".join(f"{rule} {count}" for rule, count in broken.items())
    return f"批次被拦截，全部 {batch.received} 行暂扣 / the batch is blocked and all its {batch.received} rows are held: {told}."
