"""Prove a day's payloads complete and free of leaks before they are published. Shares no code with the writer."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.config import Instance
from lakehouse.jobs import Answer, JobRequest
from lakehouse.ops import connect, facts
from lakehouse.returns.build_record import load_record
from lakehouse.returns.completeness import incomplete
from lakehouse.returns.edition import load_edition
from lakehouse.returns.proofs import above_cap, former_above_cap, keep_proofs, require_whole, unlike_before, unproved, written
from spark_jobs.lake.session import open_session
from spark_jobs.returns.evidence import findings, places

FACT = "proofs"


@dataclass(frozen=True, kw_only=True)
class ProveAnswer(Answer):
    """The number of forms that are proved, and of payloads that had to be decoded for it."""

    forms: int | None = None
    decoded: int | None = None


def run(instance: Instance, request: JobRequest) -> ProveAnswer:
    """Compare what every recipient received with the source, and inspect every payload that is not yet proved under the same rules.

    Raises:
        QualityError: a recipient did not receive all its rows.
        EntitlementError: a recipient would see something it is not entitled to.
    """
    edition = load_edition(instance, request.business_date)
    if edition.is_final:
        return ProveAnswer(outcome="final")
    record = load_record(edition)
    spark = open_session(instance, tables={declared.source for declared in edition.returns})
    fresh = unproved(edition, record)
    broken: dict[str, list[str]] = {
        "I3": unlike_before(edition, record),
        "I4": [],
        "I5": [*above_cap(edition.returns, edition.policies), *former_above_cap(record, edition.policies)],
    }
    counted = places(spark, edition.returns, record)
    for declared in edition.returns:
        broken["I3"] += incomplete(declared, counted[declared.id], written(record, declared), edition.regions)
    for finding in findings(spark, instance, edition, fresh):
        broken[finding["invariant"]].append(f"{finding['where']}: {finding['count']} {finding['kind']}")
    proofs = keep_proofs(edition, record, broken)
    with connect(instance) as connection:
        facts.record(connection, edition.date, FACT, proofs)
    require_whole(edition, broken)
    return ProveAnswer(outcome="proved", forms=record.forms.num_rows, decoded=fresh.num_rows)
