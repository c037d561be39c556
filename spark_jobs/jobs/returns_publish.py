"""Publish a day: sign its packages and make all of them visible at once. Needs no Spark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from huiliu_verify.signing import load_signer
from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.jobs import Answer, JobRequest
from lakehouse.ops import connect, days, facts
from lakehouse.returns.build_record import load_record
from lakehouse.returns.edition import load_edition
from lakehouse.returns.ledger import BY_TASKS, FACT, by_tasks, record_publication, summary, tell_left_out, tell_shown_by_tasks
from lakehouse.returns.proofs import require_proofs
from lakehouse.returns.publication import Closing, publish
from lakehouse.returns.standing import unsound_packages


@dataclass(frozen=True, kw_only=True)
class PublishAnswer(Answer):
    """The published issue and its number of packages; `outcome` is published, unchanged (nothing differs) or final (only checked)."""

    packages: int


def run(instance: Instance, request: JobRequest) -> PublishAnswer:
    """Publish the day and record the publication in PostgreSQL; a final date is only checked, an unchanged day keeps its issue.

    Raises:
        DeliveryError: the day is not closed, built or proved, or a published package was altered.
    """
    edition = load_edition(instance, request.business_date)
    if edition.is_final:
        return _check(instance, edition.date)
    record = load_record(edition)
    require_proofs(edition, record)
    with connect(instance) as connection:
        newest = days.newest_issue(connection, edition.date)
    if newest is None:
        raise DeliveryError(Problem(f"business day {edition.date}", "it is not closed.", "", "run close_day first.").text())
    published = publish(edition, record, Closing(len(newest.gaps), load_signer(instance.key_path("signing.key"))))
    with connect(instance) as connection:
        if record_publication(connection, edition, published, newest):
            tell_shown_by_tasks(connection, record, edition.date, published.issue)
        facts.record(connection, edition.date, FACT, summary(record))
        facts.record(connection, edition.date, BY_TASKS, by_tasks(record.forms.to_pylist()))
        tell_left_out(connection, edition, load_clocks(instance))
    outcome = "published" if published.is_new else "unchanged"
    return PublishAnswer(outcome=outcome, issue=published.issue, packages=len(published.packages))


def _check(instance: Instance, day: date) -> PublishAnswer:
    checked, wrong = unsound_packages(instance, day)
    if wrong:
        found = f"{len(wrong)} faults in the published packages: {'; '.join(wrong[:5])}."
        raise DeliveryError(Problem(f"business day {day}", found, "", "restore the objects from a copy of the store.").text())
    return PublishAnswer(outcome="final", packages=checked)
