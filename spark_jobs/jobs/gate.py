"""Judge a resource's open batches at the gate: one checkpoint over their committed rows, a decision for each batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.jobs import Answer, JobRequest, resource_of
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, connect, ingest_runs, rulings
from spark_jobs.ingest import gate


@dataclass(frozen=True)
class JudgedBatch:
    """A batch and the gate's decision: the rules that led to it, and for each rule the rows that break it."""

    batch_id: str
    gate: str
    provider: str
    received: int
    reasons: tuple[str, ...]
    broken: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class GateAnswer(Answer):
    """The number of batches that were judged, passed, passed with a warning, were blocked or released; each, and what is odd about them."""

    batches: int
    passed: int
    warned: int
    blocked: int
    released: int | None = None
    judged: tuple[JudgedBatch, ...] = ()
    remarks: tuple[str, ...] = ()


def run(instance: Instance, request: JobRequest) -> GateAnswer:
    """Judge every batch that waits for the gate and record the decision.

    Raises:
        QualityError: the checkpoint did not run or rows are missing; all batches keep waiting and nothing reaches silver.
    """
    contract = load_contract_of(instance.settings.contracts, resource_of("gate", request))
    with connect(instance) as connection:
        waiting = batches.open_for(connection, contract.code, "gate")
        due = rulings.due(connection, contract.code, request.business_date)
        released = [one.batch_id for one in due if (one.about, one.verdict) == ("delivery", "release")]
        waiting += batches.of_ids(connection, released)
    waiting = [batch for batch in waiting if batch.taken_on <= request.business_date]
    judged = gate.judge(instance, contract, waiting, request.business_date) if waiting else []
    with connect(instance) as connection:
        gate.record(Desk(connection, contract, load_clocks(instance), request.business_date), open_area(instance, "landing"), judged)
        if judged:
            decided = {one.batch.batch_id: one.gate for one in judged}
            audit.append(connection, audit.operator(), "decide", f"{contract.code} {request.business_date}", decided)
    gates = Counter(one.gate for one in judged)
    remarks = {one.batch.batch_id: one.remarks for one in judged if one.remarks}
    return GateAnswer(
        batches=len(judged),
        passed=gates["passed"],
        warned=gates["warned"],
        blocked=gates["blocked"],
        released=gates["released"] or None,
        judged=tuple(map(_told, judged)),
        remarks=tuple(text for texts in remarks.values() for text in texts),
        notes=ingest_runs.Notes(remarks=remarks),
    )


def _told(one: gate.Judged) -> JudgedBatch:
    batch, decision = one.batch, one.decision
    return JudgedBatch(batch.batch_id, one.gate, batch.provider, batch.received, decision.reasons, dict(decision.broken))
