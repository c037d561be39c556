"""Record publications in the operational database (PostgreSQL). All of these records can be rebuilt from the store."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Connection

from lakehouse.naming import day_entry_path, recipient_folder
from lakehouse.objects import Area
from lakehouse.ops import batches, days, packages, recipients
from lakehouse.returns.build_record import BuildRecord
from lakehouse.returns.day_entries import inputs, published
from lakehouse.returns.edition import Edition
from lakehouse.returns.inputs import Inputs, stored
from lakehouse.returns.manifest import sha256
from lakehouse.returns.publication import Published

FACT = "returns"


def record_publication(connection: Connection, edition: Edition, published: Published, closed: days.Day) -> None:
    """Record a published day and its packages; a closed issue is removed when its content equals the issue already published."""
    if closed.issue != published.issue:
        days.reopen(connection, edition.date, closed.issue)
    days.close(connection, edition.date, published.issue, closed.gaps)
    days.publish(connection, edition.date, published.issue, published.entry_sha256)
    _record_inputs(connection, edition.date, edition.inputs)
    known = {one.recipient_id for one in recipients.at(connection, edition.date)}
    recipients.put(connection, (one for one in edition.addressees if one.recipient_id not in known or one.department_uscc))
    if set(packages.of_issue(connection, edition.date, published.issue)) != set(published.packages):
        packages.put(connection, published.packages)


def restore(connection: Connection, area: Area) -> int:
    """Record every published day and what it counts, in order, from a list of all day entries; return how many days there are.

    The gaps of a day are not in the store: a day that was not recorded has none. Its packages are recorded when it is run again.
    """
    issues = published(area)
    for day, issue in sorted(issues.items()):
        days.publish(connection, day, issue, sha256(area.get(day_entry_path(day, issue))))
        _record_inputs(connection, day, stored(inputs(area, day, issue)))
    return len(issues)


def _record_inputs(connection: Connection, day: date, counted: Inputs) -> None:
    added, withdrawn = ([batch_id for _, batch_id in some] for some in (counted.added, counted.withdrawn))
    batches.record_counted(connection, day, added, withdrawn)


def summary(record: BuildRecord) -> list[dict[str, Any]]:
    """Count recipients, rows and rows of pending locality per return and level (`department` for handlers), for the report."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for form in record.forms.to_pylist():
        if form["form"] == "rows":
            total = sums[form["return_id"], recipient_folder(form["recipient_id"])]
            for place, value in enumerate((1, form["rows"], form["pending_locality"])):
                total[place] += value
    return [
        {"return_id": return_id, "level": level, "recipients": total[0], "rows": total[1], "pending_locality": total[2]}
        for (return_id, level), total in sums.items()
    ]
