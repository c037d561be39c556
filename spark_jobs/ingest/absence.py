"""Find the keys that the snapshots of a step close: keys of their provider that a snapshot no longer contains.

Usually the open versions in silver are enough to find them. After a late snapshot, the entries of all known batches are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from lakehouse.ops.batches import Batch
from spark_jobs.transforms import absence, history
from spark_jobs.transforms.rules.scope import RuleScope

SNAPSHOT = "_batch_id string, _provider string, _business_date date, _delivery_no int"


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
    def again(self) -> list[str]:
        """Return the providers whose keys must all be cut again, because the open versions are not enough to judge absences.

        Their new snapshot is not of a later date than every snapshot before, or several of theirs come in at once.
        """
        before = [batch.business_date for batch in self.known if batch not in self.waiting]
        last, providers = max(before, default=None), [batch.provider for batch in self.waiting]
        late = {batch.provider for batch in self.waiting if last is not None and batch.business_date <= last}
        return sorted(late | {provider for provider in providers if providers.count(provider) > 1})

    def of_present(self, versions: DataFrame, rows: DataFrame) -> DataFrame | None:
        """Return the keys that have an open version and are absent from the new snapshots; None when there are none.

        Args:
            versions: the open versions of silver.
            rows: the rows of the waiting batches in bronze.
        """
        closing = [batch for batch in self._closing(self.waiting) if batch.provider not in self.again]
        open_ = versions.where(~F.col("_deleted")).withColumnRenamed("_position", "_from")
        return self._absent(self._keys(open_, "_from"), closing, rows)

    def of_entries(self, said: DataFrame, rows: DataFrame) -> DataFrame | None:
        """Return the keys that are absent from any known snapshot; None when there are none.

        Args:
            said: all entries of these keys.
            rows: the rows of all known batches in bronze.
        """
        first = said.groupBy("_key", "_provider", *self._names()).agg(F.min("_position").alias("_from"))
        return self._absent(self._keys(first, "_from"), self._closing(self.known), rows)

    def _absent(self, known: DataFrame, closing: Iterable[Batch], rows: DataFrame) -> DataFrame | None:
        facts = [(one.batch_id, one.provider, one.business_date, one.delivery_no) for one in closing]
        if not facts:
            return None
        rows = rows.where(F.col("_batch_id").isin([batch_id for batch_id, *_ in facts]))
        snapshots = absence.closings(self.spark.createDataFrame(facts, SNAPSHOT), self.scope.timezone)
        lacking = absence.lacking(known, snapshots, rows).localCheckpoint()
        if lacking.isEmpty():
            return None
        doubtful = absence.unreadable(rows, self.contract, self.scope).localCheckpoint()
        return lacking if doubtful.isEmpty() else absence.certain(lacking, doubtful, self.contract).localCheckpoint()

    def _names(self) -> list[str]:
        key_id = ["_hmac_key_id"] if absence.identities_of_key(self.contract) else []
        return [*(column.name for column in self.contract.key_columns), *absence.identities_of_key(self.contract), *key_id]

    def _keys(self, rows: DataFrame, since: str) -> DataFrame:
        return rows.select("_key", "_provider", since, *(f"`{name}`" for name in self._names()))

    @staticmethod
    def _closing(snapshots: Iterable[Batch]) -> list[Batch]:
        last = {(one.provider, one.business_date): one for one in sorted(snapshots, key=lambda one: one.delivery_no)}
        return [one for one in last.values() if one.received]


def entries_of(absent: DataFrame, contract: Contract) -> DataFrame:
    """Return absent keys as entries of a history; such an entry deletes the key."""
    return history.entries(absence.said_of(absent, contract), contract)
