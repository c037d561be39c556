"""Find the keys that the snapshots of a step close: keys of their provider that a snapshot no longer contains.

Usually the open versions in silver are enough to find them. After a late snapshot, the entries of all known batches are needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from lakehouse.ingest.closings import closing
from lakehouse.ops.batches import Batch
from spark_jobs.transforms import absence, history
from spark_jobs.transforms.rules.scope import RuleScope, normalised_text

SNAPSHOT = "_batch_id string, _provider string, _business_date date, _delivery_no int"


@dataclass(frozen=True)
class Absences:
    """Keys that snapshots do not name, one row per key and snapshot: all of them, and those that no unreadable row can mean either."""

    silent: DataFrame
    certain: DataFrame


@dataclass(frozen=True)
class Disappearances:
    """The known snapshots of a resource (`known`), and which of them come into silver now (`waiting`).

    If a provider delivered several snapshots of one date, only the last delivered counts. A snapshot without rows closes nothing.
    """

    spark: SparkSession
    contract: Contract
    scope: RuleScope
    known: tuple[Batch, ...]
    waiting: tuple[Batch, ...]

    @cached_property
    def again(self) -> frozenset[str]:
        """Return the providers whose keys must all be cut again, because the open versions are not enough to judge absences.

        Their new snapshot is not of a later date than every snapshot before, or several of theirs come in at once.
        """
        before = [batch.business_date for batch in self.known if batch not in self.waiting]
        last, providers = max(before, default=None), [batch.provider for batch in self.waiting]
        late = {batch.provider for batch in self.waiting if last is not None and batch.business_date <= last}
        return frozenset(late | {provider for provider in providers if providers.count(provider) > 1})

    def of_present(self, versions: DataFrame, rows: DataFrame) -> Absences | None:
        """Return the keys that have an open version and are absent from the new snapshots; None when there are none.

        Args:
            versions: the open versions of silver.
            rows: the rows of the waiting batches in bronze.
        """
        ours = [batch for batch in closing(self.waiting) if batch.provider not in self.again]
        open_ = versions.where(~F.col("_deleted")).withColumnRenamed("_position", "_from")
        return self._absent(self._keys(open_, "_from"), ours, rows)

    def of_entries(self, said: DataFrame, rows: DataFrame) -> Absences | None:
        """Return the keys that are absent from any known snapshot; None when there are none.

        Args:
            said: all entries of these keys.
            rows: the rows of all known batches in bronze.
        """
        first = said.groupBy("_key", "_provider", *self._names()).agg(F.min("_position").alias("_from"))
        return self._absent(self._keys(first, "_from"), closing(self.known), rows)

    def of_rows(self, named: DataFrame, rows: DataFrame, providers: Collection[str]) -> Absences | None:
        """Return the keys that are absent from any snapshot of providers, also from one that closes nothing; None when there are none.

        Args:
            named: the valid rows of these providers in bronze, with the normalised text of their keys.
            rows: the rows of all known batches in bronze.
            providers: the providers.
        """
        texts = [normalised_text(column.name).alias(column.name) for column in self.contract.key_columns]
        first = named.groupBy("_key", "_provider", *texts).agg(F.min("_position").alias("_from"))
        return self._absent(first, [one for one in self.known if one.received and one.provider in providers], rows)

    def belonging(self, versions: DataFrame, named: DataFrame, asked: Iterable[Batch]) -> DataFrame:
        """Return the keys open just before new snapshots: `_key, _provider` and the `_batch_id` of that provider's new snapshot.

        Args:
            versions: the open versions of silver.
            named: the valid rows of the waiting batches; a key that another provider has just named is that one's.
            asked: the new snapshots; none comes late.
        """
        placed = self._placed(asked)
        found = versions.where(~F.col("_deleted")).select("_key", "_provider").join(F.broadcast(placed), "_provider")
        if len({one.provider for one in self.waiting}) == 1:
            return found
        others = named.select("_key", F.struct("_position", "_delivery_no").alias("_at"), F.col("_provider").alias("_by"))
        moved = (F.col("k._key") == F.col("o._key")) & (F.col("_by") != F.col("_provider"))
        return found.alias("k").join(others.alias("o"), moved & (F.col("_at") < F.struct("_position", "_delivery_no")), "anti")

    def _absent(self, known: DataFrame, snapshots: Iterable[Batch], rows: DataFrame) -> Absences | None:
        snapshots = list(snapshots)
        if not snapshots:
            return None
        rows = rows.where(F.col("_batch_id").isin([one.batch_id for one in snapshots]))
        silent = absence.lacking(known, self._placed(snapshots), rows).localCheckpoint()
        if silent.isEmpty():
            return None
        doubtful = absence.unreadable(rows, self.contract, self.scope).localCheckpoint()
        if doubtful.isEmpty():
            return Absences(silent, silent)
        return Absences(silent, absence.certain(silent, doubtful, self.contract).localCheckpoint())

    def _placed(self, snapshots: Iterable[Batch]) -> DataFrame:
        facts = [(one.batch_id, one.provider, one.business_date, one.delivery_no) for one in snapshots]
        return absence.closings(self.spark.createDataFrame(facts, SNAPSHOT), self.scope.timezone)

    def _names(self) -> list[str]:
        key_id = ["_hmac_key_id"] if absence.identities_of_key(self.contract) else []
        return [*(column.name for column in self.contract.key_columns), *absence.identities_of_key(self.contract), *key_id]

    def _keys(self, rows: DataFrame, since: str) -> DataFrame:
        return rows.select("_key", "_provider", since, *(f"`{name}`" for name in self._names()))


def entries_of(absent: DataFrame, contract: Contract) -> DataFrame:
    """Return absent keys as entries of a history; such an entry deletes the key."""
    return history.entries(absence.said_of(absent, contract), contract)
