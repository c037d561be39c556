"""Compute the dispositions of every batch, and the versions that silver must hold on any date, from the landed rows alone."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from tests.oracle.columns import clean
from tests.oracle.judge import verdicts
from tests.oracle.resources import RESOURCES
from tests.oracle.rules import World, local_midnight_utc, moment_of
from tests.oracle.shape import Page

COUNTS = ["received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held"]
RECENT_DAYS = {"day": 3, "week": 9, "month": 35, "year": 400}


def dispose(world: World, batches: list[dict]) -> tuple[list[dict], list[dict]]:
    """Return (batches with counts, gate and dispositions by line; accepted rows), for batches of one resource in order of delivery."""
    seen: set[tuple] = set()
    accepted: list[dict] = []
    for batch in batches:
        page = RESOURCES[batch["resource"]]
        broken = verdicts(world, batch)
        batch["broken"] = Counter(rule for rules in broken.values() for rule in rules)
        batch["lines"] = {row["_line"]: "rejected" for row in batch["rejects"]}
        batch["unread"] = []
        batch["gate"] = gate(page, batch)
        received = len(batch["rows"]) + len(batch["rejects"])
        if batch["gate"] == "blocked":
            batch["counts"] = dict.fromkeys(COUNTS, 0) | {"received": received, "held": received}
            continue
        valid = []
        for row in batch["rows"]:
            told = normalised(world, batch, row)
            if broken[row["_line"]] - page.warnings or None in told["_key"] or told["_valid_from"] is None:
                batch["lines"][row["_line"]] = "quarantined"
                batch["unread"].append(told["_key"])
            else:
                valid.append(told)
        batch["keys"] = {told["_key"] for told in valid}
        accepted += settle(batch, valid, seen)
        batch["counts"] = dict.fromkeys(COUNTS, 0) | Counter(batch["lines"].values()) | {"received": received}
    return batches, accepted


def gate(page: Page, batch: dict) -> str:
    """Return the gate's result for a batch (`blocked`, `warned` or `passed`) from the number of rows that break each rule."""
    received = len(batch["rows"]) + len(batch["rejects"])
    counted = (batch["broken"] + Counter(reject=len(batch["rejects"]))).items()
    many = {rule for rule, count in counted if count >= 20 and count > 0.05 * received}
    if many - page.warnings:
        return "blocked"
    return "warned" if many or page.of_batches & batch["broken"].keys() or is_old(page, batch) else "passed"


def is_old(page: Page, batch: dict) -> bool:
    """Tell whether no readable row of a batch is as recent as the resource's cycle requires."""
    if page.position is None:
        return False
    moments = [moment for row in batch["rows"] if (moment := moment_of(clean(row[page.position])))]
    day = date.fromisoformat(batch["business_date"])
    return bool(moments) and (day - max(moments).date()).days > RECENT_DAYS[page.cycle]


def normalised(world: World, batch: dict, row: dict) -> dict:
    """Return a row's texts as silver keeps them, its key, its position in source time (UTC), and its origin."""
    page, day = RESOURCES[batch["resource"]], date.fromisoformat(batch["business_date"])
    told: dict = {name: column.kept(world, row[name], day) for name, column in page.columns.items()}
    moment = moment_of(told[page.position]) if page.position else None
    at = moment - timedelta(hours=8) if moment else None
    return told | {
        "_line": row["_line"],
        "_row_hash": row["_row_hash"],
        "_provider": batch["provider"],
        "_batch_id": batch["batch_id"],
        "_delivery_no": batch["delivery_no"],
        "_business_date": batch["business_date"],
        "_key": tuple(told[name] for name in page.key),
        "_valid_from": at if page.position else local_midnight_utc(day),
    }


def settle(batch: dict, valid: list[dict], seen: set[tuple]) -> list[dict]:
    """Return the accepted rows of a batch; mark duplicates of rows seen before and rows superseded by a later line."""
    last: dict[tuple, dict] = {}
    fresh = []
    for row in valid:
        mark = (row["_row_hash"], row["_valid_from"])
        if mark in seen:
            batch["lines"][row["_line"]] = "duplicate"
            continue
        seen.add(mark)
        fresh.append(row)
        last[row["_key"], row["_valid_from"]] = row
    for row in fresh:
        winner = last[row["_key"], row["_valid_from"]] is row
        batch["lines"][row["_line"]] = "accepted" if winner else "superseded"
    return list(last.values())


def versions(resource: str, accepted: list[dict], batches: list[dict] = ()) -> list[dict]:
    """Return the history of accepted rows: per key and position the last row, equal neighbours merged; `_valid_to` None is open.

    `batches` are those the rows came with: the history of a key ends when a later snapshot does not name it any more.
    """
    by_key: dict[tuple, list[dict]] = {}
    for row in accepted:
        by_key.setdefault(row["_key"], []).append(row)
    page, cut = RESOURCES[resource], []
    for said in by_key.values():
        rows = sorted(said + (gone(page, said, batches) if page.delivery == "snapshot" else []), key=order)
        if page.delivery == "event":
            cut.append(rows[-1] | {"_valid_to": None})
            continue
        kept: list[dict] = []
        for row in {row["_valid_from"]: row for row in rows}.values():
            if not kept or content(page, kept[-1]) != content(page, row):
                kept.append(row)
        ends = [row["_valid_from"] for row in kept[1:]] + [None]
        cut += [row | {"_valid_to": end} for row, end in zip(kept, ends, strict=True) if not row.get("_gone")]
    return cut


def order(row: dict) -> tuple:
    """Return the sort key of a row within its key's history: source time, business date, delivery, line."""
    return row["_valid_from"], row["_business_date"], row["_delivery_no"], row["_line"]


def gone(page: Page, said: list[dict], batches: list[dict]) -> list[dict]:
    """Return the points at which snapshots end a key: those that do not name it, not even in an unreadable line."""
    key, first, found = said[0]["_key"], min(map(order, said)), []
    for batch in batches:
        end = {"_valid_from": local_midnight_utc(date.fromisoformat(batch["business_date"])), "_line": 10**12}
        end |= {"_business_date": batch["business_date"], "_delivery_no": batch["delivery_no"], "_gone": True, "_key": key}
        if batch["gate"] != "blocked" and key not in batch["keys"] and not unread(page, batch, key) and order(end) > first:
            found.append(end)
    return found


def unread(page: Page, batch: dict, key: tuple) -> bool:
    """Tell whether a rejected or quarantined line of the batch may be about the key."""
    if any(all(one in (None, part) for one, part in zip(other, key, strict=True)) for other in batch["unread"]):
        return True
    told = [row.get("_raw", b"") for row in batch["rejects"]]
    return any(not re.search(page.key_pattern.encode(), raw) or all(part.encode() in raw for part in key) for raw in told)


def content(page: Page, row: dict) -> tuple:
    """Return the content of a row without its position in time."""
    if row.get("_gone"):
        return ("gone",)
    return tuple(row[name] for name in page.columns if name != page.position)


def valid_at_end(cut: list[dict], day: date) -> list[dict]:
    """Return the versions valid at the end of a business date."""
    end = local_midnight_utc(day + timedelta(days=1))
    return [row for row in cut if row["_valid_from"] < end and (row["_valid_to"] is None or row["_valid_to"] >= end)]


def utc(moment: datetime) -> datetime:
    """Return an instant with the UTC zone, as tables return it."""
    return moment.replace(tzinfo=UTC)


def known_on(world: World, landed: list[dict], day: date) -> tuple[list[dict], dict[str, list[dict]]]:
    """Return (batches taken by a date with counts; per resource the versions known then)."""
    taken = [dict(batch) for batch in landed if batch["taken_on"] <= day.isoformat()]
    told, known = [], {}
    for resource in RESOURCES:
        settled, accepted = dispose(world, [batch for batch in taken if batch["resource"] == resource])
        told += settled
        known[resource] = versions(resource, accepted, settled)
    return told, known
