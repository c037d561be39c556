"""The silver step of a resource: select the batches, find what became of their rows, and write the versions that differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, QualityError
from lakehouse.ingest.closings import Decision
from lakehouse.naming import silver
from lakehouse.ops.batches import Batch
from spark_jobs.ingest import closings
from spark_jobs.ingest.absence import Absences, Disappearances, entries_of
from spark_jobs.ingest.known_rows import known_rows
from spark_jobs.lake import storage
from spark_jobs.transforms import dispositions, history
from spark_jobs.transforms.history import overlaps
from spark_jobs.transforms.identity import hmac_key, with_person_ids
from spark_jobs.transforms.rules.scope import RuleScope
from spark_jobs.transforms.silver_rows import typed_rows

OPEN = "_replaced_on IS NULL AND valid_to IS NULL"
VALID = ("duplicate", "superseded", "accepted")


@dataclass(frozen=True)
class Selection:
    """The batches of a step.

    `waiting` batches come into silver now. `judged` are these and all later deliveries that are in silver already, because the order of
    delivery decides which of two equal rows is the duplicate. `outside` batches do not count (blocked, refused, or not through the gate
    yet). `counted` are all batches that do count, `waiting` among them.
    """

    waiting: tuple[Batch, ...]
    judged: tuple[Batch, ...]
    outside: tuple[Batch, ...]
    counted: tuple[Batch, ...]

    @property
    def has_prior(self) -> bool:
        """Return whether any batch was in silver before this step."""
        return len(self.counted) > len(self.waiting)

    @staticmethod
    def of(batches: Iterable[Batch], on: date) -> Selection:
        """Return the selection for the step of a business date: batches taken in by then that the gate has let through."""
        all_ = tuple(batches)
        waiting = tuple(one for one in all_ if one.is_known and one.silver_on is None and one.taken_on <= on)
        counted = tuple(one for one in all_ if one.is_known and (one.silver_on is not None or one in waiting))
        first = min((one.delivery_no for one in waiting), default=0)
        judged = tuple(one for one in counted if one.delivery_no >= first)
        return Selection(waiting, judged, tuple(one for one in all_ if one not in counted), counted)

    @staticmethod
    def standing(batches: Iterable[Batch]) -> Selection:
        """Return the selection that takes nothing in: the batches in silver count, all others do not."""
        all_ = tuple(batches)
        outside, counted = (tuple(one for one in all_ if one.is_in_silver is there) for there in (False, True))
        return Selection((), (), outside, counted)

    @property
    def first_delivery_no(self) -> int:
        """Return the delivery number of the first judged batch."""
        return self.waiting[0].delivery_no


@dataclass(frozen=True)
class Step:
    """One silver step of a resource: what it reads, and the business date (`on`) recorded for what it writes.

    `ruled` are the snapshots about whose closings a person has decided: they are not decided on again. `table` is the history it writes
    and continues, where that is not silver. `rows` are the rows of bronze with the verdicts that count, where others do than those known
    by now (as on a day that is rebuilt, or to come).
    """

    spark: SparkSession
    contract: Contract
    scope: RuleScope
    key_path: Path
    selection: Selection
    on: date
    ruled: frozenset[str] = frozenset()
    table: str = ""
    rows: DataFrame | None = None

    @property
    def _history(self) -> str:
        return self.table or silver(self.contract.code)

    @cached_property
    def judged(self) -> DataFrame:
        """Return the rows of the judged batches with `_disposition`; computed once."""
        rows = self._bronze().where(_of(self.selection.judged))
        return dispositions.with_dispositions(rows, self._prior, self.contract).localCheckpoint()

    @cached_property
    def _prior(self) -> DataFrame | None:
        """Return the valid rows of earlier deliveries that a judged row could repeat; None if there can be none."""
        if not self.selection.has_prior:
            return None
        valid = dispositions.is_valid(self.contract)
        first = self._bronze().where(_of(self.selection.judged) & valid).agg(F.min("_position")).collect()[0][0]
        if not first:
            return None
        earlier = (F.col("_delivery_no") < self.selection.first_delivery_no) & (F.col("_position") >= first)
        rows = self._bronze().where(earlier & valid).select(*dispositions.COMPARED).localCheckpoint()
        return None if rows.isEmpty() else rows

    @cached_property
    def _valid(self) -> DataFrame:
        """Return the valid rows of the waiting batches."""
        return self.judged.where(_of(self.selection.waiting) & F.col("_disposition").isin(*VALID))

    @cached_property
    def _new(self) -> DataFrame:
        """Return the rows of the waiting batches that say something new."""
        return self._valid.where("_is_news")

    @cached_property
    def _disappearances(self) -> Disappearances | None:
        if self.contract.delivery != "snapshot":
            return None
        return Disappearances(self.spark, self.contract, self.scope, self.selection.counted, self.selection.waiting)

    @cached_property
    def _open(self) -> DataFrame:
        return storage.read(self.spark, self._history).where(OPEN)

    @cached_property
    def _absent_now(self) -> Absences | None:
        return self._disappearances.of_present(self._open, self.judged) if self._disappearances else None

    @cached_property
    def decisions(self) -> closings.Decisions:
        """Return the decision on the closings of every snapshot that has none yet, or whose decision a late delivery may change."""
        found, asked = self._disappearances, closings.undecided(self._disappearances, self.ruled) if self._disappearances else []
        if found is None or not asked:
            return {}
        if any(one not in self.selection.waiting or one.provider in found.again for one in asked):
            return closings.by_rows(found, asked, self._bronze())
        return closings.by_present(found, asked, found.belonging(self._open, self._valid, asked), self._absent_now)

    @cached_property
    def _held(self) -> list[str]:
        """Return the ids of the known snapshots whose closings are held."""
        found = {one.batch_id: bool(one.closings_held) for one in self.selection.counted}
        return sorted(batch_id for batch_id, held in found.items() if self.decisions.get(batch_id, Decision(held)).held)

    @cached_property
    def _again(self) -> list[str]:
        """Return the providers of late snapshots, and of those that were decided on otherwise before a late one came."""
        if self._disappearances is None:
            return []
        settled = [one for one in self.selection.counted if one.batch_id in self.decisions and one not in self.selection.waiting]
        turned = {one.provider for one in settled if bool(one.closings_held) != self.decisions[one.batch_id].held}
        return sorted(self._disappearances.again | turned)

    @cached_property
    def _vanished(self) -> DataFrame | None:
        """Return the keys that have an open version and that a new snapshot closes."""
        if self._absent_now is None or {one.batch_id for one in self.selection.waiting} <= set(self._held):
            return None
        return self._closed(self._absent_now)

    def _closed(self, absences: Absences) -> DataFrame:
        return absences.certain.where(~F.col("_batch_id").isin(self._held)) if self._held else absences.certain

    @cached_property
    def _firsts(self) -> DataFrame:
        """Return the keys this step touches, each with the position of its first new row or closing snapshot."""
        news = self._new.select("_key", "_position")
        if self._vanished is not None:
            news = news.unionAll(self._vanished.select("_key", "_position"))
        if self._recut_keys is not None:
            news = news.unionAll(self._recut_keys)
        return news.groupBy("_key").agg(F.min("_position").alias("_first"))

    @cached_property
    def _recut_keys(self) -> DataFrame | None:
        """Return all keys ever named by a provider whose keys are cut again, with their first position: any of them may close."""
        if not self._again:
            return None
        rows = self._bronze().where(dispositions.is_valid(self.contract) & F.col("_provider").isin(self._again))
        return rows.groupBy("_key").agg(F.min("_position").alias("_position")).localCheckpoint()

    def write(self) -> storage.Changes:
        """Write the versions that differ in one MERGE and return how many were written."""
        table = self._history
        current = self._open.join(self._firsts, "_key", "semi").localCheckpoint()
        late = self._late(current)
        absences = [self._vanished] if self._vanished is not None else []
        if late is None:
            said, present = self._entries(self._new), current
        else:
            counted = self._bronze().where(dispositions.is_valid(self.contract))
            recut = dispositions.news(counted.join(late, "_key", "semi"), self.contract)
            said = self._entries(self._new.join(late, "_key", "anti").unionByName(recut, allowMissingColumns=True))
            absences = [*(one.join(late, "_key", "anti") for one in absences), *self._absent_before(said.join(late, "_key", "semi"))]
            written_today = (F.col("_replaced_on") == self.on) & (F.col("_recorded_on") == self.on)
            past = storage.read(self.spark, table).where(written_today | F.expr("_replaced_on IS NULL AND valid_to IS NOT NULL"))
            present = current.unionByName(past.join(late, "_key", "semi"))
            current = current.join(late, "_key", "anti")
        for absent in absences:
            said = said.unionByName(entries_of(absent, self.contract), allowMissingColumns=True)
        wanted = history.cut(said.unionByName(current, allowMissingColumns=True), self.contract)
        return storage.merge(self.spark, table, history.changes(present, wanted, self.on), ("_version_id",))

    def recut(self) -> storage.Changes:
        """Cut the whole history of an increment or event again, because its keys are others, and return how many versions were written."""
        return storage.merge(self.spark, self._history, self.recut_changes(), ("_version_id",))

    def recut_changes(self, keys: DataFrame | None = None) -> DataFrame:
        """Return the versions to write (`history.changes`) so that the history of these keys, or of all, is as bronze now says.

        With `keys`, a version whose flags differ is another one too: the rows say the same, but were judged otherwise.
        """
        counted = self._bronze().where(dispositions.is_valid(self.contract))
        written_today = (F.col("_replaced_on") == self.on) & (F.col("_recorded_on") == self.on)
        present = storage.read(self.spark, self._history).where(F.col("_replaced_on").isNull() | written_today)
        same: tuple[str, ...] = history.SAME_VERSION
        if keys is not None:
            counted, present, same = counted.join(keys, "_key", "semi"), present.join(keys, "_key", "semi"), (*same, "_flags")
        said = self._entries(dispositions.news(counted, self.contract))
        for absent in self._absent_before(said):
            said = said.unionByName(entries_of(absent, self.contract), allowMissingColumns=True)
        return history.changes(present, history.cut(said, self.contract), self.on, same)

    def _absent_before(self, said: DataFrame) -> list[DataFrame]:
        absences = self._disappearances.of_entries(said, self._bronze()) if self._disappearances else None
        return [] if absences is None else [self._closed(absences)]

    def check(self) -> None:
        """Check by a fresh read that every touched key has versions and that none of them overlap.

        Raises:
            QualityError: a key has no version, or versions overlap.
        """
        versions = storage.read(self.spark, self._history).where("_replaced_on IS NULL").join(self._firsts, "_key", "semi")
        of_key = versions.withColumn("_broken", overlaps()).groupBy("_key").agg(F.count_if("_broken").alias("_broken"))
        found = self._firsts.join(of_key, "_key", "left").agg(F.count_if(F.col("_broken").isNull()), F.count_if(F.col("_broken") > 0))
        missing, broken = found.collect()[0]
        if missing or broken:
            text = f"a fresh read finds {missing} keys without a version and {broken} whose versions overlap."
            raise QualityError(Problem(self._history, text, "none", "run the step again.").text())

    def _late(self, current: DataFrame) -> DataFrame | None:
        """Return the keys to cut again from bronze, because a new row is not later than a known one; None if there are none."""
        earlier = current.select("_key", "_position")
        if self._prior is not None:
            earlier = earlier.unionAll(self._prior.select("_key", "_position"))
        if len(self.selection.judged) > len(self.selection.waiting):
            others = self.judged.where(~_of(self.selection.waiting) & F.col("_disposition").isin(*VALID))
            earlier = earlier.unionAll(others.select("_key", "_position"))
        late = history.overtaken(self._firsts, earlier)
        if self._recut_keys is not None:
            late = late.unionAll(self._recut_keys.select("_key")).distinct()
        return None if late.isEmpty() else late.localCheckpoint()

    def _bronze(self) -> DataFrame:
        return self._known

    @cached_property
    def _known(self) -> DataFrame:
        rows = known_rows(self.spark, self.contract.code) if self.rows is None else self.rows
        return rows.where(~_of(self.selection.outside)) if self.selection.outside else rows

    def _entries(self, rows: DataFrame) -> DataFrame:
        typed = with_person_ids(typed_rows(rows, self.contract, self.scope), self.contract, self.key_path)
        key_id = hashlib.sha256(hmac_key(str(self.key_path))).hexdigest()[:16] if self.contract.identity_columns else None
        rows = history.entries(typed.withColumn("_hmac_key_id", F.lit(key_id).cast("string")), self.contract)
        return rows.localCheckpoint()  # Spark Connect refuses a deeper plan: its messages may nest at most a hundred levels


def _of(batches: Iterable[Batch]) -> Column:
    return F.col("_batch_id").isin([one.batch_id for one in batches])
