"""Record publications in the operational database (PostgreSQL). All of these records can be rebuilt from the store."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection

from lakehouse.city.clocks import Clocks
from lakehouse.naming import day_entry_path, recipient_folder
from lakehouse.objects import Area
from lakehouse.ops import audit, batches, days, facts, packages, recipients, tickets
from lakehouse.returns.build_record import BuildRecord
from lakehouse.returns.day_entries import inputs, published
from lakehouse.returns.edition import Edition
from lakehouse.returns.inputs import Inputs, stored
from lakehouse.returns.manifest import Document, canonical, sha256
from lakehouse.returns.publication import Published

FACT = "returns"
LEFT_OUT = "left_out"
BY_TASKS = "tasks"
LEDGER = "ledger.json"


def record_publication(connection: Connection, edition: Edition, published: Published, closed: days.Day) -> bool:
    """Record a published day and its packages, once also in the audit; return whether it was not recorded before.

    A closed issue is removed when its content equals the issue already published; that one keeps what it says, and takes its gaps.
    """
    known_day = days.get(connection, edition.date, published.issue)
    if closed.issue != published.issue:
        days.reopen(connection, edition.date, closed.issue)
    days.close(connection, edition.date, published.issue, closed.gaps)
    days.publish(connection, edition.date, published.issue, published.entry_sha256)
    days.set_gaps(connection, edition.date, published.issue, closed.gaps)
    _record_inputs(connection, edition.date, edition.inputs)
    known = {one.recipient_id for one in recipients.at(connection, edition.date)}
    recipients.put(connection, (one for one in edition.addressees if one.recipient_id not in known or one.department_uscc))
    if set(packages.of_issue(connection, edition.date, published.issue)) != set(published.packages):
        packages.put(connection, published.packages)
    _keep(connection, edition.exchange, edition.date, published.issue)
    is_news = known_day is None or known_day.entry_sha256 != published.entry_sha256
    if is_news:
        told = {"issue": published.issue, "entry_sha256": published.entry_sha256, "packages": len(published.packages)}
        audit.append(connection, audit.operator(), "publish", f"day {edition.date}", told)
    return is_news


def tell_shown_by_tasks(connection: Connection, record: BuildRecord, day: date, issue: int) -> None:
    """Record each workbook with rows that show more by open tasks in the audit, with how many."""
    for whom, forms in record.by_recipient():
        rows = {form["return_id"]: form["shown_by_tasks"] for form in forms if form.get("shown_by_tasks") and form["form"] == "rows"}
        if rows:
            told = {"business_date": day.isoformat(), "issue": issue, "rows": rows}
            audit.append(connection, audit.operator(), "show_by_tasks", f"package {whom}/{day}/{issue}", told)


def by_tasks(forms: Iterable[Document]) -> dict[str, int]:
    """Count the recipients with rows that show more by open tasks, those rows, and the recipients whose lists changed by tasks alone."""
    shown: dict[str, int] = defaultdict(int)
    alone, otherwise = set(), set()
    for form in forms:
        if form["form"] == "rows":
            shown[form["recipient_id"]] += form.get("shown_by_tasks") or 0
            alone |= {form["recipient_id"]} if form.get("by_tasks_alone") else set()
        elif form["form"] == "changes" and form["rows"]:
            otherwise.add(form["recipient_id"])
    return {"recipients": sum(rows > 0 for rows in shown.values()), "rows": sum(shown.values()), "by_tasks_alone": len(alone - otherwise)}


def tell_left_out(connection: Connection, edition: Edition, clocks: Clocks) -> None:
    """Record the returns left out of the published day for the report, and open a ticket for each.

    The ticket of a return that is published again, or declared no more, is closed.
    """
    facts.record(connection, edition.date, LEFT_OUT, [{"return_id": one.return_id, "reason": one.reason} for one in edition.left_out])
    for one in edition.left_out:
        message = f"return {one.return_id} may not run, so its recipients keep what they had: {one.reason}"
        due_on = clocks.due_on(LEFT_OUT, edition.date)
        new = tickets.NewTicket(LEFT_OUT, one.return_id, edition.date, message, due_on=due_on, detail={"problems": one.problems})
        tickets.open_ticket(connection, new)
    left_out, running = {one.return_id for one in edition.left_out}, {one.id for one in edition.returns}
    for ticket in tickets.find(connection, kind=LEFT_OUT, only_open=True):
        if ticket.subject not in left_out:
            reason = "published_again" if ticket.subject in running else "not_declared"
            tickets.close(connection, ticket.ticket_id, tickets.Closing(reason, edition.date))


def restore(connection: Connection, area: Area) -> int:
    """Record every published day with its gaps and packages and what it counts, in order, from a list of all day entries.

    A day from before its records were kept in the store has no gaps, and its packages are recorded when it is run again.

    Returns:
        The number of published days.
    """
    issues = published(area)
    for day, issue in sorted(issues.items()):
        entry_sha256, known = sha256(area.get(day_entry_path(day, issue))), days.get(connection, day, issue)
        if known is None or known.entry_sha256 != entry_sha256:
            _recall(connection, area, day, issue)
            days.publish(connection, day, issue, entry_sha256)
        _record_inputs(connection, day, stored(inputs(area, day, issue)))
    return len(issues)


def _keep(connection: Connection, area: Area, day: date, issue: int) -> None:
    """Keep beside the day entry (operator only) what is recorded of a publication and stands nowhere else in the store."""
    recorded, made = days.get(connection, day, issue), packages.of_issue(connection, day, issue)
    whom = {one.recipient_id for one in made}
    document = {
        "gaps": recorded.gaps if recorded else [],
        "packages": [{**asdict(one), "business_date": one.business_date.isoformat()} for one in made],
        "recipients": [_dated(one) for one in recipients.at(connection, day) if one.recipient_id in whom],
    }
    path, content = day_entry_path(day, issue, LEDGER), canonical(document)
    if not area.put_new(path, content) and area.get(path) != content:
        area.put(path, content)


def _recall(connection: Connection, area: Area, day: date, issue: int) -> None:
    try:
        kept = json.loads(area.get(day_entry_path(day, issue, LEDGER)))
    except FileNotFoundError:
        return
    days.close(connection, day, issue, kept["gaps"])
    recipients.put(connection, (recipients.Recipient(**_parsed(one, "valid_from", "valid_to")) for one in kept["recipients"]))
    packages.put(connection, (packages.Package(**_parsed(one, "business_date")) for one in kept["packages"]))


def _dated(one: recipients.Recipient) -> dict[str, Any]:
    return {**asdict(one), "valid_from": one.valid_from.isoformat(), "valid_to": one.valid_to.isoformat() if one.valid_to else None}


def _parsed(kept: dict[str, Any], *dates: str) -> dict[str, Any]:
    return {**kept, **{name: date.fromisoformat(kept[name]) if kept[name] else None for name in dates}}


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
