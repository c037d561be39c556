"""Bring the accepted rows of bronze into the history of silver: dispositions, typed rows, versions, one MERGE, counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.jobs import Answer, JobRequest, resource_of
from lakehouse.naming import silver
from lakehouse.objects import open_area
from lakehouse.ops import batches, cases, connect, rulings
from lakehouse.ops.batches import Batch
from spark_jobs.ingest import closings
from spark_jobs.ingest.accounting import Account, accounts
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.ingest.silver import Selection, Step
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.transforms import dispositions


@dataclass(frozen=True, kw_only=True)
class SilverAnswer(Answer):
    """The number of batches that came into silver, of rows by disposition, of versions inserted and updated; and each batch's rows."""

    batches: int
    rows: dict[str, int] = field(default_factory=dict)
    inserted: int = 0
    updated: int = 0
    by_batch: tuple[dict[str, Any], ...] = ()


def run(instance: Instance, request: JobRequest) -> SilverAnswer:
    """Add every batch the gate let through to the history of its resource, and record what became of each row.

    Raises:
        QualityError: a batch's rows do not add up to those received, or the written history lacks keys or has overlaps.
    """
    resource = resource_of("silver", request)
    today, landing = request.business_date, open_area(instance, "landing")
    contract = load_contract_of(instance.settings.contracts, resource)
    with connect(instance) as connection:
        known, ruled = batches.of_resource(connection, resource), rulings.on_closings(connection, resource)
    recalled = closings.recall(landing, contract, known, ruled, today)
    selection = Selection.of(recalled.batches, today)
    if not selection.waiting:
        return SilverAnswer(batches=0)
    spark = open_session(instance, sum(batch.received for batch in selection.waiting), [silver(contract.code)])
    storage.ensure_tables(spark, instance, contract)
    scope, key = rule_scope(spark, instance), instance.key_path("hmac.key")
    step = Step(spark, contract, scope, key, selection, today, frozenset(ruled))
    drawn = accounts(step.judged, selection.judged, contract)
    closings.keep(landing, selection.counted, step.decisions)
    with connect(instance) as connection:
        closings.let_through(connection, landing, recalled, today)
    written = step.write()
    step.check()
    with connect(instance) as connection:
        desk = Desk(connection, contract, load_clocks(instance), today)
        _record(desk, [batch for batch in selection.waiting if batch.batch_id not in recalled.again], drawn)
        closings.record(desk, selection.counted, {**recalled.decisions, **step.decisions}, ruled)
    totals = {name: sum(getattr(one.counts, name) for one in drawn) for name in dispositions.DISPOSITIONS}
    by_batch = tuple({"batch_id": one.batch.batch_id, "received": one.batch.received, **asdict(one.counts)} for one in drawn)
    inserted, updated = written.inserted, written.updated
    return SilverAnswer(batches=len(selection.waiting), rows=totals, inserted=inserted, updated=updated, by_batch=by_batch)


def _record(desk: Desk, new: list[Batch], drawn: list[Account]) -> None:
    for one in drawn:
        batch = one.batch
        if batch.gate is not None:
            batches.record_gate(desk.connection, batch.batch_id, batch.gate, one.counts)
    cases.raise_rows(desk.connection, [row for one in drawn for row in one.raised], desk.on)
    batches.record_silver(desk.connection, [batch.batch_id for batch in new], desk.on)
