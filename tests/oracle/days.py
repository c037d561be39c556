"""Returns what the house must know after its days: dispositions per batch, silver's versions at any date, from landed bytes alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from tests.oracle.landed import CHECK, COLUMNS, ELDERLY, HOUSEHOLD
from tests.oracle.rules import World, local_midnight_utc, moment_of, plain_id, trim
from tests.oracle.verdicts import WARNINGS, clean, verdicts

KEYS = {HOUSEHOLD: ["id_no"], ELDERLY: ["id_no", "pay_month", "service_type"], CHECK: ["check_id"]}
POSITION = {HOUSEHOLD: "update_time", CHECK: "check_time", ELDERLY: None}
COUNTS = ["received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held"]


def normalised(world: World, resource: str, row: dict, day: date) -> dict:
    """Returns the row's texts as silver keeps them."""
    told = {name: trim(row[name]) for name in COLUMNS[resource]}
    for name in ("id_no", "head_id_no"):
        if name in told:
            told[name] = plain_id(row[name])
    for name in ("gender_code", "birth_date", "ethnicity_code", "household_no", "relation_to_head_code", "register_type", "move_in_date",
                 "move_out_date", "cancel_date", "update_time", "age_reported", "amount_yuan", "pay_month", "phone", "check_time",
                 "is_hukou_consistent", "lon", "lat"):  # fmt: skip
        if name in told:
            told[name] = clean(row[name])
    for name in ("hukou_region_code", "grid_code"):
        if name in told and (code := clean(row[name])):
            told[name] = (None if world.region(code, day) else world.successor(code, day)) or code
    return told


def dispose(world: World, batches: list[dict]) -> tuple[list[dict], list[dict]]:
    """Returns (batches with counts, gate and dispositions by line; accepted rows), for batches of one resource in order of delivery."""
    seen: set[tuple] = set()
    accepted: list[dict] = []
    for batch in batches:
        day = date.fromisoformat(batch["business_date"])
        broken = verdicts(world, batch)
        warnings = WARNINGS[batch["resource"]]
        batch["broken"] = Counter(rule for rules in broken.values() for rule in rules)
        received = len(batch["rows"]) + len(batch["rejects"])
        many = {
            rule
            for rule, count in (batch["broken"] + Counter(reject=len(batch["rejects"]))).items()
            if count >= 20 and count > 0.05 * received
        }
        batch["lines"] = {row["_line"]: "rejected" for row in batch["rejects"]}
        if many - warnings:
            batch["gate"] = "blocked"
            batch["counts"] = dict.fromkeys(COUNTS, 0) | {"received": received, "held": received}
            continue
        batch["gate"] = "warned" if many or batch["broken"]["check_time.burst"] else "passed"
        valid = []
        for row in batch["rows"]:
            told = normalised(world, batch["resource"], row, day)
            told |= {"_line": row["_line"], "_row_hash": row["_row_hash"], "_provider": batch["provider"]}
            told |= {"_batch_id": batch["batch_id"], "_delivery_no": batch["delivery_no"], "_business_date": batch["business_date"]}
            told["_key"] = tuple(told[name] for name in KEYS[batch["resource"]])
            told["_valid_from"] = position(batch["resource"], told, day)
            if broken[row["_line"]] - warnings or None in told["_key"] or told["_valid_from"] is None:
                batch["lines"][row["_line"]] = "quarantined"
            else:
                valid.append(told)
        accepted += settle(batch, valid, seen)
        batch["counts"] = dict.fromkeys(COUNTS, 0) | Counter(batch["lines"].values()) | {"received": received}
    return batches, accepted


def settle(batch: dict, valid: list[dict], seen: set[tuple]) -> list[dict]:
    """Returns the accepted rows of a batch; marks duplicates of anything seen and rows a later line supersedes."""
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


def position(resource: str, told: dict, day: date) -> datetime | None:
    """Returns the instant in source time (UTC) that orders rows of a key."""
    name = POSITION[resource]
    if name is None:
        return local_midnight_utc(day)
    moment = moment_of(told[name])
    return moment - timedelta(hours=8) if moment else None


def versions(resource: str, accepted: list[dict]) -> list[dict]:
    """Returns the history cut from accepted rows: per key and position the last row, equal neighbours as one; `_valid_to` None is open."""
    by_key: dict[tuple, list[dict]] = {}
    for row in sorted(accepted, key=lambda r: (r["_valid_from"], r["_business_date"], r["_delivery_no"], r["_line"])):
        by_key.setdefault(row["_key"], []).append(row)
    cut = []
    for rows in by_key.values():
        if resource == CHECK:
            cut.append(rows[-1] | {"_valid_to": None})
            continue
        kept: list[dict] = []
        for row in {row["_valid_from"]: row for row in rows}.values():
            if not kept or content(resource, kept[-1]) != content(resource, row):
                kept.append(row)
        ends = [row["_valid_from"] for row in kept[1:]] + [None]
        cut += [row | {"_valid_to": end} for row, end in zip(kept, ends, strict=True)]
    return cut


def content(resource: str, row: dict) -> tuple:
    """Returns what a row says, its place in time apart."""
    return tuple(row[name] for name in COLUMNS[resource] if name != POSITION[resource])


def valid_at_end(cut: list[dict], day: date) -> list[dict]:
    """Returns the versions that hold at the end of a business date."""
    end = local_midnight_utc(day + timedelta(days=1))
    return [row for row in cut if row["_valid_from"] < end and (row["_valid_to"] is None or row["_valid_to"] >= end)]


def utc(moment: datetime) -> datetime:
    """Returns an instant with its zone, as tables give it."""
    return moment.replace(tzinfo=UTC)


def known_on(world: World, landed: list[dict], day: date) -> tuple[list[dict], dict[str, list[dict]]]:
    """Returns (batches taken by a date with counts; per resource the versions known then)."""
    taken = [dict(batch) for batch in landed if batch["taken_on"] <= day.isoformat()]
    told, known = [], {}
    for resource in (HOUSEHOLD, ELDERLY, CHECK):
        settled, accepted = dispose(world, [batch for batch in taken if batch["resource"] == resource])
        told += settled
        known[resource] = versions(resource, accepted)
    return told, known
