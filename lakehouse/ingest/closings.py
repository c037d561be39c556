"""Decide whether what a snapshot lacks is closed, or held because it lacks too much to be believed (ADR 0025).

The decision looks only at what was delivered before the snapshot, so neither the order nor the time of processing matters. It is kept
beside the landed bytes: a rebuilt database, a repeated step and another order of processing find it there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

from lakehouse.contracts.terms import ClosingsHeldAt
from lakehouse.naming import landing_prefix
from lakehouse.objects import Area
from lakehouse.ops.batches import Batch, Landed

DOCUMENT = "closings.json"


@dataclass(frozen=True)
class Decision:
    """What was decided on the closings of a snapshot, and the numbers that led to it.

    Attributes:
        held: whether the keys it lacks stay open.
        open: the keys of its provider that were open before it; 0 where it names them all.
        closing: those of them that it lacks for certain.
        doubtful: those of them that it does not name, but that one of its unreadable rows may mean; they stay open anyway.
    """

    held: bool = False
    open: int = 0
    closing: int = 0
    doubtful: int = 0

    @classmethod
    def of(cls, limits: ClosingsHeldAt, counted: tuple[int, int, int]) -> Decision:
        """Return the decision on so many open keys, of which so many are not named, and so many lack for certain."""
        open_, silent, closing = counted
        many = closing > limits.keys and closing > limits.share * open_
        return cls(many or closing > limits.most * open_, open_, closing, silent - closing)


@dataclass(frozen=True)
class Pattern:
    """What became of some keys alike, by batch id: the snapshots that name them, that do not, and that lack them for certain."""

    named: frozenset[str]
    silent: frozenset[str]
    lacking: frozenset[str]
    keys: int


def decide(snapshots: Iterable[Batch], patterns: Sequence[Pattern], asked: Collection[str], limits: ClosingsHeldAt) -> dict[str, Decision]:
    """Return the decision on each of the asked snapshots (batch ids), each by the snapshots delivered before it.

    Args:
        snapshots: all known snapshots of the resource; those not asked for keep their recorded decision.
        patterns: what they say about every key that a provider of an asked snapshot ever named.
        asked: the snapshots to decide on; none is empty.
        limits: from how many closings on they are held.
    """
    ordered = sorted(snapshots, key=lambda one: one.delivery_no)
    held = {one.batch_id for one in ordered if one.closings_held and one.batch_id not in asked}
    found: dict[str, Decision] = {}
    for number, batch in enumerate(ordered):
        if batch.batch_id in asked:
            before = ordered[:number]
            closed_by = {one.batch_id: one for one in closing([*before, batch]) if one.batch_id not in held and one is not batch}
            open_ = [one for one in patterns if _is_open(one, batch, before, closed_by.values())]
            counted = (
                sum(one.keys for one in open_),
                sum(one.keys for one in open_ if batch.batch_id in one.silent),
                sum(one.keys for one in open_ if batch.batch_id in one.lacking),
            )
            found[batch.batch_id] = Decision.of(limits, counted)
            held |= {batch.batch_id} if found[batch.batch_id].held else set()
    return found


def closing(snapshots: Iterable[Batch]) -> list[Batch]:
    """Return the snapshots that may close keys: of each provider and date the last one delivered, unless it is empty."""
    last = {(one.provider, one.business_date): one for one in sorted(snapshots, key=lambda one: one.delivery_no)}
    return [one for one in last.values() if one.received]


def keep(area: Area, batch: Landed, decision: Decision) -> None:
    """Write what was decided on a snapshot beside its landed bytes; a newer decision replaces an older one."""
    area.put(_path(batch), json.dumps(asdict(decision), indent=2, sort_keys=True).encode())


def recall(area: Area, batch: Landed) -> Decision | None:
    """Return what was decided on a snapshot, None when nothing was yet."""
    try:
        return Decision(**json.loads(area.get(_path(batch))))
    except FileNotFoundError:
        return None


def _path(batch: Landed) -> str:
    return f"{landing_prefix(batch.resource, batch.business_date, batch.batch_id)}/{DOCUMENT}"


def _is_open(keys: Pattern, batch: Batch, before: Iterable[Batch], closed_by: Iterable[Batch]) -> bool:
    """Return whether keys belong to a snapshot's provider and are open just before it: named by it last, and not closed since."""
    naming = [one for one in before if one.batch_id in keys.named and _place(one) < _place(batch)]
    if not naming:
        return False
    last = max(naming, key=_place)
    ends = (one for one in closed_by if one.provider == batch.provider and one.batch_id in keys.lacking)
    return last.provider == batch.provider and not any(_place(last) < _place(end) < _place(batch) for end in ends)


def _place(batch: Batch) -> tuple[object, int]:
    return batch.business_date, batch.delivery_no
