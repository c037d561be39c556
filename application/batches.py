"""Look up batches and decide about those that are held: read again, let in, or settled as refused for good. Never shows a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches

from sqlalchemy import Connection

from application.day_run import Say, close_again, ingest_by_hand
from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.errors import ConfigError, Problem
from lakehouse.ingest import rulings
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.ingest.landing import landed_path
from lakehouse.jobs import JobRequest
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, connect, days, rejudging, rule_counts, tickets
from lakehouse.ops import rulings as records
from lakehouse.ops.batches import Batch, Filter
from lakehouse.ops.rulings import About, Ruling, Verdict

MOST_NAMED = 5
GATES = ("waiting", "passed", "warned", "released", "blocked", "refused")


@dataclass(frozen=True)
class Standing(Batch):
    """A batch, and in one word or two where it stands: the gate's result, or what was decided about it."""

    standing: str = ""


@dataclass(frozen=True)
class Record:
    """Everything recorded about a batch.

    Attributes:
        batch: the batch and where it stands.
        landed: the path of its bytes below the landing root.
        is_there: whether they are still there.
        broken: the number of rows that break each rule.
        rulings: what people decided about it.
        tickets: the tickets about it.
        successor: the batch that took its bytes up again.
        again: what the last rejudging counted of it, beside `broken`, which the gate counted.
    """

    batch: Standing
    landed: str
    is_there: bool
    broken: dict[str, int]
    rulings: tuple[Ruling, ...]
    tickets: tuple[tickets.Ticket, ...]
    successor: str | None
    again: rejudging.Recount | None


@dataclass(frozen=True)
class Decided:
    """A decision about a batch, and whether its document was there before, from a command that was cut short."""

    batch: Batch
    ruling: Ruling
    was_known: bool


def find_batches(instance: Instance, wanted: Filter) -> list[Standing]:
    """Return the batches that a filter asks for, by resource, in order of delivery; of the held ones those that are not settled.

    Raises:
        ConfigError: the filter names a gate's result that there is not.
    """
    if wanted.gate not in (None, *GATES):
        raise ConfigError(Problem("--gate", f"no gate says {wanted.gate!r}.", ", ".join(GATES), "name one of these.").text())
    asked = replace(wanted, gate="") if wanted.gate == "waiting" else wanted
    with connect(instance) as connection:
        found = _standing(connection, batches.find(connection, asked))
    return [one for one in found if not (wanted.only_held and one.standing in rulings.SETTLED)]


def batch_record(instance: Instance, name: str) -> Record:
    """Return everything recorded about a batch, by its id or the beginning of it.

    Raises:
        ConfigError: no batch has such an id, or several do.
    """
    with connect(instance) as connection:
        [batch] = _standing(connection, [_named(connection, name)])
        broken = rule_counts.of_batches(connection, [batch.batch_id]).get(batch.batch_id, {})
        ruled = tuple(records.of_batches(connection, [batch.batch_id]))
        about = tickets.find(connection, resource=batch.resource)
        successor = batches.retried(connection, [batch.batch_id]).get(batch.batch_id)
        again = rejudging.newest_counts(connection, [batch.batch_id]).get(batch.batch_id)
    path = landed_path(batch)
    is_there = open_area(instance, "landing").exists(path)
    ours = tuple(one for one in about if one.detail.get("batch_id") == batch.batch_id)
    return Record(batch, path, is_there, broken, ruled, ours, successor, again)


def decide(instance: Instance, name: str, verdict: Verdict, reason: str) -> Decided:
    """Decide about a held batch in the name of whoever runs this process; the next ingest of its resource carries it out.

    The document beside the landed bytes is written first. The same decision given again is completed, not made twice.

    Raises:
        ConfigError: there is no such batch, no reason is given, or this cannot be decided about it.
    """
    if not reason.strip():
        raise ConfigError(Problem("--reason", "a decision needs a reason.", "words that say why", "add --reason.").text())
    landing = open_area(instance, "landing")
    with connect(instance) as connection:
        batch = _named(connection, name)
        ruling = _ruling(instance, connection, batch, verdict, reason.strip())
    if verdict == "retry" and not landing.exists(landed_path(batch)):
        fix = "let the provider deliver again."
        raise ConfigError(Problem(f"batch {batch.batch_id}", "its landed bytes are not there any more.", "", fix).text())
    kept = rulings.keep(landing, batch, ruling)
    with connect(instance) as connection:
        if records.record(connection, [kept]):
            audit.append(connection, kept.actor, "decide", f"batch {batch.batch_id}", _told(kept))
        if kept.verdict == "refuse":
            contract = load_contract_of(instance.settings.contracts, batch.resource)
            Desk(connection, contract, load_clocks(instance), kept.since).rule(kept)
    if kept.verdict != verdict:
        rulings.subject_of(verdict, batch, {kept.about: kept}, None)  # raises: somebody else was faster
    return Decided(batch, kept, kept != ruling)


def carry_out(instance: Instance, decided: Decided, say: Say) -> bool:
    """Run the ingest of the decision's resource in this process; return whether a closed day still has to be closed again.

    Airflow is asked to close it where it runs, as an ingest run of its own does.
    """
    day = decided.ruling.since
    must_close = ingest_by_hand(instance, [JobRequest(day, decided.batch.resource)], say)
    return must_close and close_again(instance, day)


def _ruling(instance: Instance, connection: Connection, batch: Batch, verdict: Verdict, reason: str) -> Ruling:
    """Return the decision to write, dated from the newest day on, which is the first whose ingest may carry it out."""
    ruled = _by_subject(records.of_batches(connection, [batch.batch_id]))
    successor = batches.retried(connection, [batch.batch_id]).get(batch.batch_id)
    about = rulings.subject_of(verdict, batch, ruled, successor)
    contract = load_contract_of(instance.settings.contracts, batch.resource)
    rulings.check_still_wanted(contract, batch, (about, verdict), batches.of_resource(connection, batch.resource))
    newest = days.last_closed(connection)
    since = max(batch.taken_on, newest.business_date) if newest else batch.taken_on
    assert batch.gate is not None
    facts = (batch.batch_id, batch.resource, about, verdict, batch.gate, audit.operator(), reason, datetime.now(UTC), since)
    return Ruling(*facts, effective_on=since if verdict == "refuse" else None)


def _named(connection: Connection, name: str) -> Batch:
    """Return the batch of an id, or of the beginning of one."""
    found = batches.beginning_with(connection, name, MOST_NAMED) if name else []
    if found == [name] or len(found) == 1:
        return batches.of_ids(connection, found)[0]
    if found:
        text = f"the ids of {len(found)} batches or more begin so."
        raise ConfigError(Problem(f"batch {name}", text, ", ".join(found), "name more of it.").text())
    held = [batch.batch_id for batch in batches.find(connection, Filter(only_held=True))]
    near = get_close_matches(name, held, n=MOST_NAMED, cutoff=0.5) or held[:MOST_NAMED]
    allowed = ", ".join(near) or "nothing is held"
    raise ConfigError(Problem(f"batch {name}", "there is no such batch.", allowed, "see `huiliu batches list`.").text())


def _standing(connection: Connection, found: Sequence[Batch]) -> list[Standing]:
    ids = [batch.batch_id for batch in found]
    ruled: dict[str, list[Ruling]] = {}
    for one in records.of_batches(connection, ids):
        ruled.setdefault(one.batch_id, []).append(one)
    successors = batches.retried(connection, ids)
    told = {one: rulings.standing(one, _by_subject(ruled.get(one.batch_id, [])), successors.get(one.batch_id)) for one in found}
    return [Standing(**vars(batch), standing=standing) for batch, standing in told.items()]


def _by_subject(ruled: Sequence[Ruling]) -> dict[About, Ruling]:
    return {one.about: one for one in ruled}


def _told(ruling: Ruling) -> dict[str, str]:
    return {"outcome": ruling.verdict, "about": ruling.about, "reason": ruling.reason, "business_date": ruling.since.isoformat()}
