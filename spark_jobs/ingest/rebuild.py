"""Build the history of a resource again from bronze, day by day and beside the one that stands, and compare both in every column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.ingest.closings import recall
from lakehouse.naming import rebuilt, silver
from lakehouse.objects import Area, open_area
from lakehouse.ops.batches import Batch
from lakehouse.ops.rulings import Ruling
from spark_jobs.ingest import closings
from spark_jobs.ingest.known_rows import given_again, known_rows
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.ingest.silver import Selection, Step
from spark_jobs.lake import storage
from spark_jobs.lake.comparison import Compared, differences, mend
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import silver_table
from spark_jobs.transforms import rejudging

KEY = ("_version_id",)
WAS_KNOWN = "NOT _recorded_on <=> _replaced_on"  # how often a day's step ran is told by what came and went within that day only


@dataclass(frozen=True)
class Recorded:
    """What is recorded of the deliveries of a resource.

    Attributes:
        batches: all its batches, in order of delivery.
        written_on: batch id → the day whose step brought it into silver.
        ruled: what people decided about the closings of snapshots, by batch id.
        withdrawn: the batches that published days count and that the gate holds now.
        judged: the days on which rows were judged again, each as often as they were.
    """

    batches: Sequence[Batch]
    written_on: Mapping[str, date]
    ruled: Mapping[str, Ruling]
    withdrawn: Sequence[Batch] = ()
    judged: Sequence[date] = ()

    @property
    def steps(self) -> list[tuple[date, bool]]:
        """Return the steps that wrote to silver, in order: day, and whether it let held closings through, after what else the day wrote."""
        released = {one.effective_on for one in self.ruled.values() if one.verdict == "release" and one.effective_on}
        return sorted({*((day, False) for day in (*self.written_on.values(), *self.judged)), *((day, True) for day in released)})

    def known_on(self, day: date, held: Mapping[str, bool], *, again: bool = False) -> list[Batch]:
        """Return the batches as the step of a day found them: later ones not through the gate yet, its own not in silver yet.

        Args:
            day: the day.
            held: what the steps before it decided on the closings of snapshots.
            again: whether it is a further step of that day, so that its own are in silver.
        """
        found = []
        for one in self.batches:
            on = self.written_on.get(one.batch_id)
            if on is None or on > day:
                found.append(replace(one, gate=None, silver_on=None, closings_held=None))
            else:
                before = on < day or again
                found.append(replace(one, silver_on=on if before else None, closings_held=held.get(one.batch_id) if before else None))
        return found

    def ruled_on(self, day: date, *, again: bool = False) -> dict[str, Ruling]:
        """Return what the step of a day knew of what people decided: releases carried out by days before it, or (`again`) by it."""
        last = day if again else day - timedelta(days=1)
        settled = {name: one for name, one in self.ruled.items() if one.verdict != "release" or (one.effective_on or date.max) <= last}
        return {name: one for name, one in settled.items() if one.since <= day}

    @property
    def turned(self) -> set[str]:
        """Return the snapshots that were decided on again, because a delivery from before them came into silver after them."""
        ours = [(one.delivery_no, self.written_on[one.batch_id], one.batch_id) for one in self.batches if one.batch_id in self.written_on]
        return {name for number, on, name in ours if any(other < number and later > on for other, later, _ in ours)} - set(self.ruled)


def rebuild(instance: Instance, contract: Contract, recorded: Recorded, *, check: bool) -> Compared:
    """Build the history of a resource again and, unless it is only a check, make silver hold it; nothing is written where both agree.

    Raises:
        QualityError: the rebuilt history lacks keys or has overlaps.
    """
    spark = open_session(instance, sum(batch.received for batch in recorded.batches), [silver(contract.code)])
    storage.ensure_tables(spark, instance, contract)
    if migration := contract.migration_of_key():
        found = f"migration {migration!r} made bronze's keys anew, so the versions known before it cannot be told again."
        return Compared(silver(contract.code), obstacles=(found,))
    table = rebuilt(silver(contract.code))
    storage.drop_rebuilt(spark, instance)  # what an interrupted run left behind
    try:
        storage.ensure_table(spark, instance, replace(silver_table(contract), name=table))
        obstacles = [*_withdrawn(recorded), *_build(spark, instance, contract, recorded)]
        return _settled(spark, contract, obstacles, recorded, check=check)
    finally:
        storage.drop_rebuilt(spark, instance)


def _build(spark: SparkSession, instance: Instance, contract: Contract, recorded: Recorded) -> Iterator[str]:
    """Build the history day by day; yield what is decided otherwise now than it is recorded."""
    landing, scope, key = open_area(instance, "landing"), rule_scope(spark, instance), instance.key_path("hmac.key")
    turned, held, last = recorded.turned, dict[str, bool](), dict(recorded.steps)
    for day, again in recorded.steps:
        ruled = recorded.ruled_on(day, again=again)
        recalled = closings.recall(landing, contract, recorded.known_on(day, held, again=again), ruled, day)
        asked = {one.batch_id for one in recalled.batches if one.silver_on is None} & turned
        batches = [replace(one, closings_held=None) if one.batch_id in asked else one for one in recalled.batches]
        held |= {name: one.held for name, one in recalled.decisions.items()}
        selection, rows = Selection.of(batches, day), known_rows(spark, contract.code, day)
        step = Step(spark, contract, scope, key, selection, day, frozenset(ruled), rebuilt(silver(contract.code)), rows)
        if selection.waiting:
            held |= {name: one.held for name, one in step.decisions.items()}
            step.write()
            step.check()
        if day in recorded.judged and last[day] is again:
            counted = tuple(replace(one, silver_on=day, closings_held=held.get(one.batch_id)) for one in selection.counted)
            _judge_again(replace(step, selection=Selection((), (), selection.outside, counted)))
    yield from _otherwise(landing, (one for one in recorded.batches if one.batch_id in turned), held)


def _judge_again(step: Step) -> None:
    """Cut again the histories that the verdicts given again on the day of this step reach."""
    given = given_again(step.spark, step.contract.code, step.on)
    if given is None or step.rows is None:
        return
    judged = step.rows.join(given.where(F.col("_judged_on") == step.on), list(rejudging.ROW), "semi")
    keys = rejudging.keys_reached(step.rows, judged, step.contract).localCheckpoint()
    storage.merge(step.spark, step.table, step.recut_changes(keys), KEY)


def _withdrawn(recorded: Recorded) -> Iterator[str]:
    for one in recorded.withdrawn:
        yield f"batch {one.batch_id} is counted by a published day, but it is {one.gate or 'not through the gate'} now."


def _otherwise(landing: Area, snapshots: Iterable[Batch], held: Mapping[str, bool]) -> Iterator[str]:
    """Yield the snapshots whose closings are decided otherwise now: the contract's limits or the rules of earlier batches have changed."""
    for one in snapshots:
        decision = recall(landing, one)
        if decision is not None and one.batch_id in held and decision.held != held[one.batch_id]:
            yield f"the closings of snapshot {one.batch_id} would be {'held' if held[one.batch_id] else 'let through'} now; they were not."


def _settled(spark: SparkSession, contract: Contract, obstacles: list[str], recorded: Recorded, *, check: bool) -> Compared:
    table = silver(contract.code)
    built, stood = (storage.read(spark, one).where(WAS_KNOWN) for one in (rebuilt(table), table))
    lacking, surplus = differences(built, stood)
    if surplus and contract.identity_columns:
        keys = [{row[0] for row in one.select("_hmac_key_id").distinct().collect()} for one in (stood, built)]
        obstacles += ["pseudonyms in it were made with another key."] if keys[0] - keys[1] - {None} else []
    if lacking or surplus:
        often = sorted(day for day, times in Counter(recorded.judged).items() if times > 1)
        obstacles += [f"rows were judged again more than once on {day}; what one did and the next took back is not told." for day in often]
    found = Compared(table, built.count(), lacking, surplus, obstacles=tuple(obstacles))
    if check or obstacles or not found.differs:
        return found
    return replace(found, written=mend(spark, table, KEY, built))
