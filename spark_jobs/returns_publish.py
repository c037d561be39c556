"""The job that publishes a day: signs its packages and makes all of them visible at once. Needs no Spark."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Connection

from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.jobs import JobRequest
from lakehouse.naming import proof_record_path
from lakehouse.ops import connect, days, facts, packages, recipients
from lakehouse.packages import unsound_packages
from lakehouse.returns.edition import Edition, load_edition
from lakehouse.returns.publication import Closing, Published, publish
from lakehouse.returns.record import BuildRecord, load_record
from lakehouse.signing import load_signer

FACT = "returns"


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns the issue that stands; a final date is only checked, and a day that says nothing new keeps its issue.

    Raises:
        DeliveryError: the day is not closed, built or proved, or a published package is not what it was.
    """
    edition = load_edition(instance, request.business_date)
    if edition.is_final:
        return _check(instance, edition.date)
    record = load_record(edition)
    _require_proofs(edition, record)
    with connect(instance) as connection:
        newest = days.newest_issue(connection, edition.date)
    if newest is None:
        raise DeliveryError(Problem(f"business day {edition.date}", "it is not closed.", "", "run close_day first.").text())
    published = publish(edition, record, Closing(len(newest.gaps), load_signer(instance.key_path("signing.key"))))
    with connect(instance) as connection:
        _record(connection, edition, published, newest)
        facts.record(connection, edition.date, FACT, _summary(record))
    return {"outcome": "published" if published.is_new else "unchanged", "issue": published.issue, "packages": len(published.packages)}


def _require_proofs(edition: Edition, record: BuildRecord) -> None:
    try:
        found = json.loads(edition.exchange.get(proof_record_path(edition.date)))
    except FileNotFoundError:
        found = {}
    proved = found.get("build_sha256") == record.sha256 and all(proof["ok"] for proof in found["proofs"])
    if not proved:
        problem = Problem(f"business day {edition.date}", "its packages are not proved.", "", "run returns_prove.")
        raise DeliveryError(problem.text())


def _record(connection: Connection, edition: Edition, published: Published, closed: days.Day) -> None:
    """Records day and packages; a closed issue that came to nothing new is forgotten."""
    if closed.issue != published.issue:
        days.reopen(connection, edition.date, closed.issue)
    days.close(connection, edition.date, published.issue, closed.gaps)
    days.publish(connection, edition.date, published.issue, published.entry_sha256)
    known = {one.recipient_id for one in recipients.at(connection, edition.date)}
    versions = {region.code: region for region in edition.regions.by_code.values()}
    new = [one for one in edition.recipients if one.recipient_id not in known]
    recipients.put(
        connection,
        (
            recipients.Recipient(
                one.recipient_id,
                one.level,
                one.name,
                one.region_code,
                None,
                versions[one.region_code].valid_from,
                versions[one.region_code].valid_to,
            )
            for one in new
        ),
    )
    if set(packages.of_issue(connection, edition.date, published.issue)) != set(published.packages):
        packages.put(connection, published.packages)


def _summary(record: BuildRecord) -> list[dict[str, Any]]:
    """Returns recipients, rows and pending locality per return and level, for the report."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for form in record.forms.to_pylist():
        if form["form"] == "rows":
            total = sums[form["return_id"], form["level"]]
            for place, value in enumerate((1, form["rows"], form["pending_locality"])):
                total[place] += value
    return [
        {"return_id": return_id, "level": level, "recipients": total[0], "rows": total[1], "pending_locality": total[2]}
        for (return_id, level), total in sums.items()
    ]


def _check(instance: Instance, day: date) -> dict[str, Any]:
    checked, wrong = unsound_packages(instance, day)
    if wrong:
        found = f"{len(wrong)} published packages do not stand: {'; '.join(wrong[:5])}."
        raise DeliveryError(Problem(f"business day {day}", found, "", "restore them from a copy of the store.").text())
    return {"outcome": "final", "packages": checked}
