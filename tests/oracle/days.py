"""Compute the dispositions of every batch, and the versions that silver must hold on any date, from the landed rows alone."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

from chinese_calendar import is_workday

from tests.oracle.columns import clean
from tests.oracle.judge import verdicts
from tests.oracle.resources import RESOURCES
from tests.oracle.rules import World, local_midnight_utc, moment_of
from tests.oracle.shape import Page

COUNTS = ["received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held"]
RECENT_DAYS = {"day": 3, "week": 9, "month": 35, "year": 400}


def dispose(world: World, batches: list[dict]) -> tuple[list[dict], list[dict]]:
    """Return (batches with counts, gate and dispositions by line; valid rows), for batches of one resource in order of delivery."""
    said: dict[tuple, list[tuple]] = defaultdict(list)
    sizes: dict[str, list[tuple[date, int]]] = defaultdict(list)
    known: list[dict] = []
    for batch in batches:
        page = RESOURCES[batch["resource"]]
        broken = verdicts(world, batch)
        batch["broken"] = Counter(rule for rules in broken.values() for rule in rules)
        batch["lines"] = {row["_line"]: "rejected" for row in batch["rejects"]}
        batch["unread"] = []
        received = len(batch["rows"]) + len(batch["rejects"])
        batch["gate"] = gate(page, batch, sizes[batch["provider"]])
        sizes[batch["provider"]].append((date.fromisoformat(batch["business_date"]), received))
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
        settle(batch, valid, said)
        known += valid
        batch["counts"] = dict.fromkeys(COUNTS, 0) | Counter(batch["lines"].values()) | {"received": received}
    return batches, known


def gate(page: Page, batch: dict, sizes: list[tuple[date, int]]) -> str:
    """Return the gate's result for a batch (`blocked`, `warned` or `passed`) from the number of rows, and of those that break each rule.

    `sizes` are the dates and numbers of rows of the same provider's deliveries before it.
    """
    received = len(batch["rows"]) + len(batch["rejects"])
    counted = (batch["broken"] + Counter(reject=len(batch["rejects"]))).items()
    many = {rule for rule, count in counted if count >= 20 and count > 0.05 * received}
    if many - page.warnings:
        return "blocked"
    odd = received == 0 or is_old(page, batch) or is_unusual(date.fromisoformat(batch["business_date"]), received, sizes)
    return "warned" if many or odd or page.of_batches & batch["broken"].keys() else "passed"


def is_unusual(day: date, received: int, sizes: list[tuple[date, int]]) -> bool:
    """Tell whether so many rows are at least 20 away from the median of the last eight of the same kind of day, and half or double it."""
    alike = sorted([rows for about, rows in sizes if is_workday(about) == is_workday(day)][-8:])
    if len(alike) < 4:
        return False
    middle = (alike[(len(alike) - 1) // 2] + alike[len(alike) // 2]) / 2
    return abs(received - middle) >= 20 and (received * 2 < middle or received > middle * 2)


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


def settle(batch: dict, valid: list[dict], said: dict[tuple, list[tuple]]) -> None:
    """Mark the valid rows of a batch: duplicates of the row directly before, superseded by a later line, or accepted.

    `said` is what was said so far at each key and source time: (date, delivery, line) and what the row says.
    """
    last: dict[tuple, int] = {}
    for row in valid:
        spot, here = (row["_key"], row["_valid_from"]), (row["_business_date"], row["_delivery_no"], row["_line"])
        what = (row["_row_hash"], row["_provider"] if RESOURCES[batch["resource"]].delivery == "snapshot" else "")
        before = max((one for one in said[spot] if one[0][0] <= here[0]), default=(None, None))
        said[spot].append((here, what))
        batch["lines"][row["_line"]] = "duplicate" if before[1] == what else "superseded"
        if before[1] != what:
            last[spot] = row["_line"]
    batch["lines"] |= dict.fromkeys(last.values(), "accepted")


def versions(resource: str, valid: list[dict], batches: list[dict] = ()) -> list[dict]:
    """Return the history of valid rows: per key and position the last row, equal neighbours merged; `_valid_to` None is open.

    `batches` are those the rows came with: the history of a key ends when a later snapshot does not name it any more.
    """
    by_key: dict[tuple, list[dict]] = {}
    for row in valid:
        by_key.setdefault(row["_key"], []).append(row)
    page, cut = RESOURCES[resource], []
    batches = believed(page, by_key, batches) if page.delivery == "snapshot" else batches
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


def believed(page: Page, by_key: dict[tuple, list[dict]], batches: list[dict]) -> list[dict]:
    """Return the snapshots that close what they lack: not those that lack too much of what their provider has open (ADR 0025)."""
    found: list[dict] = []
    for batch in batches:
        before = {key: [row for row in said if row["_delivery_no"] < batch["delivery_no"]] for key, said in by_key.items()}
        open_ = [key for key, said in before.items() if is_open(page, said, found)]
        lacking = [key for key in open_ if key not in batch.get("keys", ()) and not unread(page, batch, key)]
        if not (len(lacking) > max(20, 0.05 * len(open_)) or len(lacking) > 0.5 * len(open_)):
            found.append(batch)
    return found


def is_open(page: Page, said: list[dict], ending: list[dict]) -> bool:
    """Tell whether a key with these rows is open after these snapshots, of which the last one comes now."""
    return bool(said) and "_gone" not in max(said + gone(page, said, ending), key=order)


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
        settled, valid = dispose(world, [batch for batch in taken if batch["resource"] == resource])
        told += settled
        known[resource] = versions(resource, valid, settled)
    return told, known
