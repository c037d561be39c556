"""What a person decides about a batch (裁定): what may be decided in which state, and the document that keeps it (ADR 0026).

The document stands beside the landed bytes and is written before anything follows from it, so every rebuild finds it there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection

from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem
from lakehouse.ingest.delivery_tickets import settled_by
from lakehouse.naming import landing_prefix
from lakehouse.objects import Area
from lakehouse.ops import rulings
from lakehouse.ops.batches import Batch, Gate, Landed
from lakehouse.ops.rulings import About, Ruling, Verdict

DOCUMENTS: dict[About, str] = {"delivery": "ruling.json", "closings": "ruling_closings.json"}
# What may be decided about a delivery, by the gate's result, and about the closings of a snapshot that are held.
ON_DELIVERY: dict[Gate, tuple[Verdict, ...]] = {"refused": ("retry", "refuse"), "blocked": ("retry", "release", "refuse")}
ON_CLOSINGS: tuple[Verdict, ...] = ("release", "refuse")
SETTLED = ("retried", "refused for good", "closings refused for good")
TO_BE: dict[Verdict, str] = {"retry": "to be retried", "release": "to be released", "refuse": "refused for good"}


def standing(batch: Batch, ruled: Mapping[About, Ruling], successor: str | None) -> str:
    """Return in words where a batch stands: the gate's result, or what was decided about it.

    Args:
        batch: the batch.
        ruled: what was decided about it.
        successor: the batch that took it up again, if one did.
    """
    if batch.gate is None:
        return "waiting"
    if batch.gate in ON_DELIVERY:
        if successor:
            return "retried"
        return TO_BE[ruled["delivery"].verdict] if "delivery" in ruled else batch.gate
    if batch.closings_held:
        return f"closings {TO_BE[ruled['closings'].verdict] if 'closings' in ruled else 'held'}"
    return batch.gate


def subject_of(verdict: Verdict, batch: Batch, ruled: Mapping[About, Ruling], successor: str | None) -> About:
    """Return what a person may decide about a batch with this verdict: the delivery as a whole, or its held closings.

    Raises:
        ConfigError: nothing of the batch is held, this verdict makes no sense there, or somebody decided already.
    """
    about: About = "delivery" if batch.gate in ON_DELIVERY else "closings"
    held = ON_CLOSINGS if batch.closings_held else ()
    open_to = ON_DELIVERY.get(batch.gate, held) if batch.gate else ()
    if about in ruled:
        one = ruled[about]
        found = f"{one.actor} has decided {one.verdict!r} about it at {one.decided_at:%Y-%m-%d %H:%M} UTC; a decision stands."
        fix = f"decide about the batch that takes it up again: {successor}." if successor else "see `huiliu batches show`."
        raise ConfigError(Problem(_named(batch), found, "", fix).text())
    if verdict not in open_to:
        found = f"it is {standing(batch, ruled, successor)}, so {verdict!r} makes no sense."
        allowed = ", ".join(open_to) or "nothing: only what is refused, blocked or has held closings can be decided about"
        raise ConfigError(Problem(_named(batch), found, allowed, "see `huiliu batches list`.").text())
    return about


def check_still_wanted(contract: Contract, batch: Batch, wanted: tuple[About, Verdict], delivered: Iterable[Batch]) -> None:
    """Check that no later delivery has answered what is to be decided (`delivered`: the batches of the resource).

    Raises:
        ConfigError: one has; reading the old bytes after it would put them above it, and old closings would stand beside newer ones.
    """
    later = [one for one in delivered if one.provider == batch.provider and one.delivery_no > batch.delivery_no and one.is_known]
    if wanted == ("closings", "release"):
        later = [one for one in later if one.business_date >= batch.business_date]
        found, fix = "a later snapshot of this provider has come", "decide about that one, if its closings are held."
    elif wanted == ("delivery", "retry"):
        later = [one for one in later if settled_by(contract, batch, one)]
        found, fix = "a later delivery has taken its place", "if that one is wrong, let the provider deliver again."
    else:
        return
    if later:
        raise ConfigError(Problem(_named(batch), f"{found}: batch {later[-1].batch_id}.", "", fix).text())


def gate_by(ruling: Ruling, on: date) -> Literal["released", "blocked"]:
    """Return what a ruling about a delivery makes of its gate in the step of a date, whatever the rules say.

    A batch that is read again or refused for good stays as it was: another batch has its rows, or none has.
    """
    return "released" if ruling.verdict == "release" and ruling.holds_on(on) else "blocked"


def keep(area: Area, batch: Landed, ruling: Ruling) -> Ruling:
    """Write what was decided beside the landed bytes, and return what stands there: the first document counts."""
    return ruling if area.put_new(_path(batch, ruling.about), _text(ruling)) else parse(area.get(_path(batch, ruling.about)))


def recall(area: Area, batch: Landed) -> list[Ruling]:
    """Return what was decided about a batch, from the documents beside its landed bytes."""
    found = []
    for about in DOCUMENTS:
        try:
            found.append(parse(area.get(_path(batch, about))))
        except FileNotFoundError:
            continue
    return found


def carry_out(connection: Connection, area: Area, batch: Landed, ruling: Ruling, on: date) -> None:
    """Write the date on which a ruling takes effect, first into its document and then into the records; the first date stands."""
    kept = parse(area.get(_path(batch, ruling.about)))
    if kept.effective_on is None:
        kept = replace(kept, effective_on=on)
        area.put(_path(batch, ruling.about), _text(kept))
    rulings.record_effect(connection, ruling, kept.effective_on or on)


def parse(document: bytes) -> Ruling:
    """Return the ruling in a document."""
    facts = json.loads(document)
    dates = {name: date.fromisoformat(facts[name]) for name in ("since", "effective_on") if facts[name]}
    return Ruling(**{**facts, **dates, "decided_at": datetime.fromisoformat(facts["decided_at"])})


def _path(batch: Landed, about: About) -> str:
    return f"{landing_prefix(batch.resource, batch.business_date, batch.batch_id)}/{DOCUMENTS[about]}"


def _text(ruling: Ruling) -> bytes:
    return json.dumps(asdict(ruling), ensure_ascii=False, indent=2, sort_keys=True, default=_iso).encode()


def _iso(moment: date) -> str:
    return moment.isoformat()


def _named(batch: Batch) -> str:
    return f"batch {batch.batch_id} of {batch.resource}"
