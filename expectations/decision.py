"""Returns what the gate says of each batch, from how many of its committed rows break which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from expectations.rules.registry import SECONDS
from lakehouse.contracts.model import Contract

REJECTED = "_reject"
FRESHNESS = "batch.freshness"
REPEATED = "batch.repeated"
BATCH_FACTS = {
    FRESHNESS: "批次内没有新近的记录 / nothing in the batch is recent",
    REPEATED: "批次内重复行过多 / too many rows repeat another row of the batch",
}
PSEUDO_RULES = {
    "_key.unreadable": "主键缺失 / the key is missing",
    "_position.unreadable": "源端时间无法读取 / the position in source time cannot be read",
}
RECENT_DAYS = {"day": 3, "week": 9, "month": 35}


@dataclass(frozen=True)
class Tally:
    """The committed rows of a batch: how many, rejected, repeated within the batch, breaking each rule, and the latest position."""

    rows: int = 0
    rejected: int = 0
    repeated: int = 0
    newest: str | None = None
    broken: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What the gate says of a batch and which rules made it say so."""

    gate: Literal["passed", "warned", "blocked"]
    reasons: tuple[str, ...]
    facts: tuple[str, ...]


def labels(contract: Contract) -> dict[str, str]:
    """Return every rule that can stand in a verdict with its text: the contract's and the two pseudo-rules."""
    return {**{rule.id: f"{rule.message_zh} / {rule.message_en}" for rule in contract.rules}, **PSEUDO_RULES}


def is_batch_rule(contract: Contract, rule: str) -> bool:
    """Return whether a rule judges rows by their batch; such a rule warns as soon as it is broken."""
    kinds = {one.id: one.kind for one in contract.rules}
    return rule in kinds and SECONDS[kinds[rule]].observe is not None


def decide(contract: Contract, business_date: date, tally: Tally, timezone: str) -> Decision:
    """Return what the gate says of a batch.

    It is blocked when an error rule, a missing key or position, or rejects exceed the contract's share *and* number of rows; it is warned
    of when a warning does, when a rule about batches is broken at all, when nothing in it is recent, or when too many rows repeat.
    """
    warnings = {rule.id for rule in contract.rules_of("warning")}
    many = {rule for rule, rows in {**tally.broken, REJECTED: tally.rejected}.items() if _exceeds(contract, rows, tally.rows)}
    facts = []
    if tally.newest and not _is_recent(contract, business_date, tally.newest, timezone):
        facts.append(FRESHNESS)
    if _exceeds(contract, tally.repeated, tally.rows):
        facts.append(REPEATED)
    blocking = many - warnings
    if blocking:
        return Decision("blocked", tuple(sorted(blocking)), tuple(facts))
    noticed = {rule for rule, rows in tally.broken.items() if rows and is_batch_rule(contract, rule)}
    reasons = sorted(many | noticed) + facts
    return Decision("warned" if reasons else "passed", tuple(reasons), tuple(facts))


def _exceeds(contract: Contract, rows: int, of: int) -> bool:
    return rows >= contract.block_at.rows and rows > contract.block_at.share * of


def _is_recent(contract: Contract, business_date: date, newest: str, timezone: str) -> bool:
    latest = datetime.fromisoformat(newest).astimezone(ZoneInfo(timezone)).date()
    return (business_date - latest).days <= RECENT_DAYS[contract.cycle.every]
