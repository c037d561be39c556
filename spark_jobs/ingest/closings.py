"""Decide which snapshots of a step have their closings held, and keep, record and tell what was decided (ADR 0025).

Usually a new snapshot stands after everything known, and the open versions in silver say how many keys it closes. Where one comes late, or
several come at once, what all known snapshots say of every key is counted in bronze.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from sqlalchemy import Connection

from lakehouse.contracts.model import Contract
from lakehouse.ingest import closings, rulings
from lakehouse.ingest.closings import Decision, Pattern, decide
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.objects import Area
from lakehouse.ops import batches
from lakehouse.ops.batches import Batch
from lakehouse.ops.rulings import Ruling
from spark_jobs.ingest.absence import Absences, Disappearances
from spark_jobs.transforms.dispositions import is_valid
from spark_jobs.transforms.normalisation import with_normalised

Decisions = Mapping[str, Decision]


@dataclass(frozen=True)
class Recalled:
    """The batches of a resource as they were decided on.

    Attributes:
        batches: all of them; a snapshot whose held closings a person has let through since waits once more, for these alone.
        decisions: what was decided on those that are not in silver yet, or wait once more.
        ruled: the rulings on closings, by batch id; such a snapshot is not decided on again.
        again: the ids of those that wait once more.
    """

    batches: list[Batch]
    decisions: dict[str, Decision]
    ruled: Mapping[str, Ruling]
    again: frozenset[str]


def recall(area: Area, contract: Contract, known: list[Batch], ruled: Mapping[str, Ruling], on: date) -> Recalled:
    """Return the batches of a resource with what was decided on their closings, by the step of a date.

    The documents that stand beside the landed bytes say what was counted; a person's ruling (`ruled`) stands above them, from the date
    on which it takes effect.
    """
    found: dict[str, Decision] = {}
    told, again = list[Batch](), set[str]()
    for batch in known:
        ruling = ruled.get(batch.batch_id)
        is_let_through = ruling is not None and ruling.verdict == "release" and ruling.holds_on(on)
        waits_again = is_let_through and bool(batch.closings_held) and batch.silver_on is not None
        is_asked = contract.delivery == "snapshot" and batch.is_known and (batch.silver_on is None or waits_again)
        decision = closings.recall(area, batch) if is_asked else None
        if decision is None:
            told.append(batch)
            continue
        found[batch.batch_id] = decision if ruling is None else replace(decision, held=not is_let_through)
        told.append(replace(batch, closings_held=found[batch.batch_id].held, silver_on=None))
        again |= {batch.batch_id} if waits_again else set()
    return Recalled(told, found, ruled, frozenset(again))


def undecided(disappearances: Disappearances, ruled: Collection[str] = ()) -> list[Batch]:
    """Return the snapshots to decide on: the new ones, and all delivered after the first of them, whose decision did not know of it.

    What a person has decided about (`ruled`: batch ids) is left as it is.
    """
    new = [one for one in disappearances.waiting if one.received and one.closings_held is None]
    first = min((one.delivery_no for one in new), default=None)
    later = [] if first is None else [one for one in disappearances.known if one.received and one.delivery_no >= first]
    return [one for one in later if one.batch_id not in ruled]


def by_present(disappearances: Disappearances, asked: list[Batch], open_keys: DataFrame, absences: Absences | None) -> Decisions:
    """Decide on new snapshots that stand after everything known, from the keys open in silver.

    Args:
        disappearances: the snapshots of the resource.
        asked: those to decide on.
        open_keys: `_key, _provider` and, for each snapshot of that provider asked for, its `_batch_id`.
        absences: the keys that these snapshots do not name.
    """
    nothing = dict.fromkeys((one.batch_id for one in asked), Decision())
    if absences is None:
        return nothing
    silent = absences.silent.select("_key", "_batch_id", F.lit(True).alias("_silent"))
    certain = absences.certain.select("_key", "_batch_id", F.lit(True).alias("_certain"))
    told = open_keys.join(silent, ["_key", "_batch_id"], "left").join(certain, ["_key", "_batch_id"], "left")
    numbers = told.groupBy("_batch_id").agg(F.count("*"), F.count_if("_silent"), F.count_if("_certain")).collect()
    limits = disappearances.contract.closings_held_at
    return nothing | {batch_id: Decision.of(limits, (open_, unnamed, lacking)) for batch_id, open_, unnamed, lacking in numbers}


def by_rows(disappearances: Disappearances, asked: list[Batch], rows: DataFrame) -> Decisions:
    """Decide on snapshots from what all known ones say (`rows`, in bronze) of every key that their providers ever named."""
    contract, whose = disappearances.contract, sorted({one.provider for one in asked})
    valid = rows.where(is_valid(contract))
    named = with_normalised(valid.where(F.col("_provider").isin(whose)), contract, disappearances.scope, contract.key_columns)
    absences = disappearances.of_rows(named, rows, whose)
    sets = _by_key(valid.join(named.select("_key").distinct(), "_key", "semi"), "_named")
    for name, found in (("_silent", absences and absences.silent), ("_lacking", absences and absences.certain)):
        sets = sets.withColumn(name, F.array().cast("array<string>")) if found is None else sets.join(_by_key(found, name), "_key", "left")
    alike = sets.groupBy("_named", "_silent", "_lacking").count().collect()
    patterns = [Pattern(frozenset(row._named), frozenset(row._silent or ()), frozenset(row._lacking or ()), row["count"]) for row in alike]
    return decide(disappearances.known, patterns, {one.batch_id for one in asked}, contract.closings_held_at)


def keep(area: Area, known: Iterable[Batch], decisions: Decisions) -> None:
    """Write decisions beside the landed bytes; do so before anything is written that follows from them."""
    for batch in known:
        if batch.batch_id in decisions:
            closings.keep(area, batch, decisions[batch.batch_id])


def let_through(connection: Connection, area: Area, recalled: Recalled, on: date) -> None:
    """Write which rulings the step of a date carries out; do so before anything is written that follows from them."""
    for batch in recalled.batches:
        if batch.batch_id in recalled.decisions and not recalled.decisions[batch.batch_id].held and batch.batch_id in recalled.ruled:
            rulings.carry_out(connection, area, batch, recalled.ruled[batch.batch_id], on)


def record(desk: Desk, known: Iterable[Batch], decisions: Decisions, ruled: Mapping[str, Ruling]) -> None:
    """Record decisions; one that holds closings opens a ticket, and each closes the earlier tickets that it settles.

    A ticket about which a person has decided is closed for that reason, and not opened again.
    """
    batches.record_closings(desk.connection, {batch_id: one.held for batch_id, one in decisions.items()})
    for batch in known:
        if batch.batch_id in decisions:
            decision, ruling = decisions[batch.batch_id], ruled.get(batch.batch_id)
            if ruling and (ruling.verdict == "refuse" or not decision.held):
                desk.rule(ruling)
            else:
                desk.shrink(batch, decision)


def _by_key(rows: DataFrame, name: str) -> DataFrame:
    return rows.groupBy("_key").agg(F.array_sort(F.collect_set("_batch_id")).alias(name))
