"""The job that builds the packages' payloads: every recipient's due rows, disclosed, as bytes in the recipient's own prefix."""

from __future__ import annotations

from typing import Any

from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.jobs import JobRequest
from lakehouse.returns.build_record import keep_record
from lakehouse.returns.day_entries import final_issue, inputs, leaves
from lakehouse.returns.edition import Edition, load_edition
from lakehouse.returns.publication import differing
from lakehouse.verification.signing import load_signer
from spark_jobs.lake.storage import versions
from spark_jobs.returns.assembly import build_packages


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns how many payloads were created and how many were there already; a final date is computed and compared only."""
    edition = load_edition(instance, request.business_date)
    if edition.is_final:
        return _check(instance, edition)
    sources = sorted({declared.source for declared in edition.returns})
    facts, record = build_packages(instance, edition, versions(instance, sources))
    keep_record(edition, record)
    rows = facts.to_pylist()
    created = {(row["recipient_id"], row["path"]) for row in rows if row["created"]}
    present = {(row["recipient_id"], row["path"]) for row in rows if row["path"] is not None}
    return {"outcome": "built", "recipients": len(edition.recipients), "created": len(created), "referred": len(present - created)}


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
    _, record = build_packages(instance, edition, inputs(edition.exchange, day, issue)["versions"], is_check=True)
    wrong = differing(edition, record, load_signer(instance.key_path("signing.key")))
    if wrong:
        found = f"{len(wrong)} packages are not what would be published now: {', '.join(wrong[:5])}."
        fix = "what became known later belongs into the newest day; find out what changed the tables of this one."
        raise DeliveryError(Problem(f"business day {day}, issue {issue}", found, "", fix).text())
    return {"outcome": "final", "compared": True, "recipients": len(edition.recipients)}
