"""The job that builds the packages' payloads: every recipient's due rows, disclosed, as bytes in the recipient's own prefix."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.jobs import JobRequest
from lakehouse.naming import build_record_path
from lakehouse.returns.edition import Edition, load_edition
from lakehouse.returns.publication import differing
from lakehouse.returns.publications import final_issue, inputs, leaves
from lakehouse.returns.record import BuildRecord, make_record
from lakehouse.returns.writer import FORM_FACTS, Assignment, write_packages
from lakehouse.signing import load_signer
from spark_jobs.session import open_session
from spark_jobs.storage import read, versions
from spark_jobs.transforms.returns import due_rows

FORM_FACTS_DDL = ", ".join(
    f"{field.name} {({pa.string(): 'string', pa.int64(): 'bigint', pa.bool_(): 'boolean'})[field.type]}" for field in FORM_FACTS
)


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns how many payloads were created and how many were there already; a final date is computed and compared only."""
    edition = load_edition(instance, request.business_date)
    if edition.is_final:
        return _check(instance, edition)
    sources = sorted({declared.source for declared in edition.returns})
    facts, record = _build(instance, edition, versions(instance, sources))
    _keep(edition, record)
    rows = facts.to_pylist()
    created = {(row["recipient_id"], row["path"]) for row in rows if row["created"]}
    present = {(row["recipient_id"], row["path"]) for row in rows if row["path"] is not None}
    return {"outcome": "built", "recipients": len(edition.recipients), "created": len(created), "referred": len(present - created)}


def _build(instance: Instance, edition: Edition, of: dict[str, int], *, is_check: bool = False) -> tuple[pa.Table, BuildRecord]:
    spark = open_session(instance)
    assignment = _assignment(instance, edition, is_check=is_check)
    sources = {declared.id: read(spark, declared.source, of.get(declared.source)) for declared in edition.returns}
    roster = [(one.recipient_id, one.level, one.region_code) for one in edition.recipients]
    whom = spark.createDataFrame(roster, "recipient_id string, level string, region_code string")
    rows = due_rows(sources, edition.returns, whom, _tasks(spark))
    facts = rows.mapInArrow(partial(write_packages, assignment=assignment), FORM_FACTS_DDL).toArrow()
    return facts, make_record(edition, facts, of)


def _assignment(instance: Instance, edition: Edition, *, is_check: bool) -> Assignment:
    earlier = edition.facts.predecessor
    return Assignment(
        edition.date,
        instance.root("exchange"),
        str(instance.key_path("hmac.key")),
        edition.plans,
        (earlier.business_date, earlier.issue) if earlier else None,
        leaves(edition.exchange, earlier.business_date, earlier.issue).manifests if earlier else {},
        is_check,
    )


def _keep(edition: Edition, record: BuildRecord) -> None:
    path = build_record_path(edition.date)
    if not edition.exchange.exists(path) or edition.exchange.get(path) != record.content:
        edition.exchange.put(path, record.content)


def _check(instance: Instance, edition: Edition) -> dict[str, Any]:
    """Returns what a final date says against what would be published now.

    Raises:
        DeliveryError: a package differs.
    """
    day, issue = edition.date, final_issue(edition.exchange, edition.date)
    if issue == 0:
        raise DeliveryError(Problem(f"business day {day}", "it was never published, and a later day is.", "", "run the newest day.").text())
    rules = leaves(edition.exchange, day, issue).rules_sha256
    if rules != edition.facts.rules_sha256:
        return {"outcome": "final", "compared": False, "reason": "declarations or regions are not those of that day any more"}
    _, record = _build(instance, edition, inputs(edition.exchange, day, issue)["versions"], is_check=True)
    wrong = differing(edition, record, load_signer(instance.key_path("signing.key")))
    if wrong:
        found = f"{len(wrong)} packages are not what would be published now: {', '.join(wrong[:5])}."
        fix = "what became known later belongs into the newest day; find out what changed the tables of this one."
        raise DeliveryError(Problem(f"business day {day}, issue {issue}", found, "", fix).text())
    return {"outcome": "final", "compared": True, "recipients": len(edition.recipients)}


def _tasks(spark: SparkSession) -> int:
    return int(spark.conf.get("spark.sql.shuffle.partitions") or 4)
