"""The job that brings accepted rows of bronze into the history of silver: dispositions, typed rows, versions, one MERGE, counts."""

from __future__ import annotations

from typing import Any

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.errors import ConfigError, Problem
from lakehouse.jobs import JobRequest
from lakehouse.ops import batches, cases, connect, ingest_runs
from spark_jobs.ingest.accounting import Account, accounts
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.ingest.silver import Selection, Step
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.transforms import dispositions


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns how many batches came into silver, their rows by disposition, and the versions written.

    Raises:
        QualityError: rows are not accounted for, or the history is not what was to be written.
    """
    if request.resource is None:
        raise ConfigError(Problem("job silver", "no resource was named.", "", "add --resource.").text())
    with connect(instance) as connection:
        selection = Selection.of(batches.of_resource(connection, request.resource), request.business_date)
    result: dict[str, Any] = {"batches": len(selection.waiting)}
    if selection.waiting:
        result |= _take(instance, request, selection)
    with connect(instance) as connection:
        ingest_runs.note(connection, request.resource, request.business_date, {"silver": "done"})
    return result


def _take(instance: Instance, request: JobRequest, selection: Selection) -> dict[str, Any]:
    contract = load_contract_of(instance.settings.contracts, str(request.resource))
    spark = open_session(instance)
    storage.ensure_tables(spark, instance, contract)
    step = Step(spark, contract, rule_scope(spark, instance), instance.key_path("hmac.key"), selection, request.business_date)
    drawn = accounts(step.judged, selection.judged, contract)
    written = step.write()
    step.check()
    _record(instance, request, selection, drawn)
    totals = {name: sum(getattr(one.counts, name) for one in drawn) for name in dispositions.DISPOSITIONS}
    return {"rows": totals, "inserted": written.inserted, "updated": written.updated}


def _record(instance: Instance, request: JobRequest, selection: Selection, drawn: list[Account]) -> None:
    day = request.business_date
    with connect(instance) as connection:
        for one in drawn:
            batch = one.batch
            if batch.gate is not None:
                batches.record_gate(connection, batch.batch_id, batch.gate, one.counts)
            facts = (batch.resource, batch.provider, batch.business_date)
            cases.open_cases(connection, [cases.NewCase(batch.batch_id, line, *facts, rules, day) for line, rules in one.cases])
        batches.record_silver(connection, [batch.batch_id for batch in selection.waiting], day)
