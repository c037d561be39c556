"""The gate's decision on a batch (passed, warned or blocked), from the number of its committed rows that break each rule."""

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


@dataclass(frozen=True)
class Tally:
    """Counts of a batch's committed rows: all, rejected, repeated within the batch, breaking each rule; and the latest position."""

    rows: int = 0
    rejected: int = 0
    repeated: int = 0
    newest: str | None = None
    broken: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """The gate's decision on a batch: the result, the rules that led to it, and the facts that hold for the whole batch."""

    gate: Literal["passed", "warned", "blocked"]
    reasons: tuple[str, ...]
    facts: tuple[str, ...]


def labels(contract: Contract) -> dict[str, str]:
    """Return rule id → text for every rule that can appear in a verdict: the contract's rules and the two pseudo-rules."""
    return {**{rule.id: f"{rule.message_zh} / {rule.message_en}" for rule in contract.rules}, **PSEUDO_RULES}


def is_batch_rule(contract: Contract, rule: str) -> bool:
    """Return whether a rule compares a row with the rest of its batch; such a rule warns as soon as one row breaks it."""
    kinds = {one.id: one.kind for one in contract.rules}
    return rule in kinds and SECONDS[kinds[rule]].observe is not None


def decide(contract: Contract, business_date: date, tally: Tally, timezone: str) -> Decision:
    """Return the gate's decision on a batch.

    The batch is blocked when rejects, or the rows that break one error rule or lack a key or position, exceed the contract's share *and*
    number of rows. It is warned when a warning rule exceeds both, when a rule that compares rows within the batch is broken at all, when no
    row is recent, or when too many rows repeat.
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
    return (business_date - latest).days <= contract.cycle.rule.recent_days
