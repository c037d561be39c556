"""Build the payloads of a day's packages: transform the rows due to each recipient and write them as files below its own prefix."""

from __future__ import annotations

from dataclasses import dataclass, field

from huiliu_verify.signing import load_signer
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.jobs import Answer, JobRequest
from lakehouse.returns.build_record import keep_record
from lakehouse.returns.day_entries import final_issue, inputs, leaves
from lakehouse.returns.edition import Edition, load_edition
from lakehouse.returns.ledger import by_tasks
from lakehouse.returns.publication import differing
from spark_jobs.lake.storage import versions
from spark_jobs.returns.assembly import build_packages
from spark_jobs.returns.keeping import no_longer_kept


@dataclass(frozen=True, kw_only=True)
class BuildAnswer(Answer):
    """What became of a day's payloads; `outcome` is built, or final where a later date is published.

    Attributes:
        recipients: number of recipients.
        left_out: each return that may not run, with the reason.
        created: number of payloads written now.
        referred: number of payloads that existed already and are referred to.
        by_tasks_alone: number of recipients whose lists changed only because tasks began or ended (None: none).
        compared: for a final date, whether it was computed again and compared (None: the date is not final).
        reason: why a final date was not compared.
    """

    recipients: int | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    created: int | None = None
    referred: int | None = None
    by_tasks_alone: int | None = None
    compared: bool | None = None
    reason: str | None = None


def run(instance: Instance, request: JobRequest) -> BuildAnswer:
    """Write the payloads that do not exist yet; a final date is only computed again and compared with what was published."""
    edition = load_edition(instance, request.business_date)
    if edition.is_final:
        return _check(instance, edition)
    sources = sorted({declared.source for declared in edition.returns})
    facts, record = build_packages(instance, edition, versions(instance, sources))
    keep_record(edition, record)
    rows = facts.to_pylist()
    created = {(row["recipient_id"], row["path"]) for row in rows if row["created"]}
    present = {(row["recipient_id"], row["path"]) for row in rows if row["path"] is not None}
    whom, alone = len({row["recipient_id"] for row in rows}), by_tasks(rows)["by_tasks_alone"] or None
    left_out, there = {one.return_id: one.reason for one in edition.left_out}, len(present - created)
    return BuildAnswer(outcome="built", recipients=whom, left_out=left_out, created=len(created), referred=there, by_tasks_alone=alone)


def _check(instance: Instance, edition: Edition) -> BuildAnswer:
    """Compute a final date again and compare it with what was published.

    Raises:
        DeliveryError: a package differs.
    """
    day, issue = edition.date, final_issue(edition.exchange, edition.date)
    if issue == 0:
        raise DeliveryError(Problem(f"business day {day}", "it was never published, but a later day is.", "", "run the newest day.").text())
    if leaves(edition.exchange, day, issue).rules_sha256 != edition.facts.rules_sha256:
        return BuildAnswer(outcome="final", compared=False, reason="declarations or regions have changed since that day")
    versions_then = inputs(edition.exchange, day, issue)["versions"]
    if reason := no_longer_kept(instance, edition, versions_then):
        return BuildAnswer(outcome="final", compared=False, reason=reason)
    _, record = build_packages(instance, edition, versions_then, is_check=True)
    wrong = differing(edition, record, load_signer(instance.key_path("signing.key")))
    if wrong:
        found = f"{len(wrong)} packages differ from what would be published now: {', '.join(wrong[:5])}."
        fix = "a final day never changes: find out what changed the tables it was built from."
        raise DeliveryError(Problem(f"business day {day}, issue {issue}", found, "", fix).text())
    return BuildAnswer(outcome="final", compared=True, recipients=len(set(record.forms["recipient_id"].to_pylist())))
