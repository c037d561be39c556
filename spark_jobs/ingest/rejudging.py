"""Judge rows of bronze again by the rules of today: tell what that changes, append the verdicts, and cut the history they reach again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, QualityError
from lakehouse.naming import silver
from lakehouse.ops.batches import Batch
from lakehouse.ops.cases import Raised
from lakehouse.ops.rejudging import Recount, Rejudging
from spark_jobs.ingest.known_rows import given_again, known_rows
from spark_jobs.ingest.silver import Selection, Step
from spark_jobs.lake import storage
from spark_jobs.lake.tables import verdicts_table
from spark_jobs.transforms import dispositions, rejudging
from spark_jobs.transforms.invariants import history_breaks
from spark_jobs.transforms.rules.scope import RuleScope

JUDGED = ("passed", "warned", "released", "blocked")


@dataclass(frozen=True)
class RuleChange:
    """A rule and the rows that break it, by the verdicts known so far and by those of today.

    `severity` is that of today: error (the row stays out of silver), warning (it is flagged), or gone where the contract has it no more.
    """

    rule: str
    severity: str
    before: int
    after: int
    newly: int
    no_longer: int


@dataclass(frozen=True)
class Rows:
    """The number of rows whose verdict is another one now, and of those that stay out of silver by the rules of today."""

    differing: int
    quarantined: int


@dataclass(frozen=True)
class Versions:
    """What changes in silver: versions inserted, and updated (closed or replaced); keys that come in and that leave."""

    inserted: int = 0
    updated: int = 0
    keys_in: int = 0
    keys_out: int = 0


@dataclass(frozen=True)
class Judging:
    """The batches of a resource that are about `since` or a later date, judged again by the contract as it stands.

    What the gate decided about a batch stays, and so does what was decided about closings.

    Attributes:
        spark: the session.
        contract: the resource.
        scope: what rules may use.
        key_path: the key of pseudonyms.
        batches: all batches of the resource.
        since: the first business date whose batches are judged again.
        on: the newest business date; what changes is known from then on.
    """

    spark: SparkSession
    contract: Contract
    scope: RuleScope
    key_path: Path
    batches: tuple[Batch, ...]
    since: date
    on: date

    @cached_property
    def asked(self) -> tuple[Batch, ...]:
        """Return the batches that are judged again; one that no gate has judged yet, or that cannot be read, is not."""
        return tuple(one for one in self.batches if one.received and one.gate in JUDGED and one.business_date >= self.since)

    @cached_property
    def judged(self) -> DataFrame:
        """Return the rows of these batches that break, or broke, any rule."""
        return rejudging.judged_again(self._rows, self.contract, self.scope).localCheckpoint()

    @cached_property
    def differing(self) -> DataFrame:
        """Return the place of each row whose verdict is another one now, and this verdict."""
        return self.judged.where(rejudging.differs()).select(*rejudging.ROW, "_verdict").localCheckpoint()

    @cached_property
    def changes(self) -> DataFrame:
        """Return the versions to write in silver."""
        return self._step.recut_changes(self._keys).localCheckpoint()

    def by_rule(self) -> list[RuleChange]:
        """Return the rules that a row breaks or broke, those that changed most first."""
        severities = {rule: "error" for rule in rejudging.FACTS} | {one.id: one.severity for one in self.contract.rules}
        found = [RuleChange(row.rule, severities.get(row.rule, "gone"), *row[1:]) for row in rejudging.by_rule(self.judged).collect()]
        return sorted(found, key=lambda one: (-one.newly - one.no_longer, one.rule))

    def by_batch(self, number: int) -> list[Recount]:
        """Return what the rejudging of this number counts of each batch whose rows break, or broke, a rule."""
        found = rejudging.by_batch(self.judged, self.contract).collect()
        return [Recount(row._batch_id, number, self.on, row.quarantined, {one.rule: one.rows for one in row.rules or ()}) for row in found]

    def rows(self) -> Rows:
        """Return how many rows have another verdict, and how many of batches that are through the gate stay out by the rules of today."""
        blocked = [one.batch_id for one in self.asked if not one.is_known]
        out = ~F.col("_batch_id").isin(blocked) & rejudging.is_blocked("_verdict", self.contract)
        [row] = self.judged.agg(F.count_if(rejudging.differs()), F.count_if(out)).collect()
        return Rows(*row)

    def versions(self) -> Versions:
        """Return how many versions of silver change, and how many keys come in and leave."""
        stands = F.col("_replaced_on").isNull() & F.col("valid_to").isNull() & ~F.col("_deleted")
        ended = F.when(F.col("_replaced_on").isNull(), F.col("_closed_on") == self.on).otherwise(F.col("valid_to").isNull())
        stood = (F.col("_change") == "updated") & ~F.col("_deleted") & F.coalesce(ended, F.lit(False))
        counts = [F.count_if(F.col("_change") == name).alias(name) for name in ("inserted", "updated")]
        by_key = self.changes.groupBy("_key").agg(*counts, F.max(stood).alias("stood"), F.max(stands).alias("stands"))
        sums = [F.coalesce(F.sum(name), F.lit(0)) for name in ("inserted", "updated")]
        [row] = by_key.agg(*sums, F.count_if(F.expr("stands AND NOT stood")), F.count_if(F.expr("stood AND NOT stands"))).collect()
        return Versions(*row)

    def append(self, instance: Instance, decided: Rejudging) -> None:
        """Append the verdicts that are other ones now."""
        table = verdicts_table(self.contract)
        storage.ensure_table(self.spark, instance, table)
        given = {"_contract_sha256": decided.contract_sha256, "_rejudging": decided.number, "_judged_on": decided.judged_on}
        rows = self.differing.withColumns({name: F.lit(value) for name, value in given.items()})
        rows = rows.select(*(F.col(name).cast(type_) for name, type_ in table.columns))
        storage.append(table.name, rows, f"{table.name}|{decided.number}", {"rejudging": decided.number})

    def write(self) -> storage.Changes:
        """Write the changes of silver in one MERGE, and check by a fresh read that no versions overlap.

        Raises:
            QualityError: they do.
        """
        table = silver(self.contract.code)
        written = storage.merge(self.spark, table, self.changes, ("_version_id",))
        broken = history_breaks(storage.read(self.spark, table).join(self._keys, "_key", "semi")).count()
        if broken:
            text = f"a fresh read finds {broken} versions that overlap the next one."
            raise QualityError(Problem(table, text, "none", "run the rejudging again.").text())
        return written

    def raised(self) -> list[Raised]:
        """Return the rows in batches that came into silver that stay out by the rules of today."""
        by_id, elsewhere = {one.batch_id: one for one in self.asked}, [one.batch_id for one in self.asked if not one.is_in_silver]
        out = self.judged.where(rejudging.is_blocked("_verdict", self.contract) & ~F.col("_batch_id").isin(elsewhere))
        rows = out.select("_batch_id", "_source_line", "_key", dispositions.errors(self.contract).alias("rules"))
        return [_raised(by_id, *row) for row in rows.orderBy("_batch_id", "_source_line").collect()]

    @cached_property
    def _known(self) -> DataFrame:
        return known_rows(self.spark, self.contract.code)

    @cached_property
    def _rows(self) -> DataFrame:
        """Return all rows of the batches that are judged again; the others since then are few."""
        others = [one.batch_id for one in self.batches if one.business_date >= self.since and one.gate not in JUDGED]
        return self._known.where((F.col("_business_date") >= self.since) & ~F.col("_batch_id").isin(others))

    @cached_property
    def _step(self) -> Step:
        selection = Selection.standing(self.batches)
        rows = rejudging.with_verdicts(self._known, self.differing)
        return Step(self.spark, self.contract, self.scope, self.key_path, selection, self.on, rows=rows)

    @cached_property
    def _keys(self) -> DataFrame:
        """Return the keys whose history may be another one: of rows that break a rule, or that were judged again before."""
        reached, given = self.judged.select("_provider", "_key"), given_again(self.spark, self.contract.code)
        if given is not None:
            reached = reached.unionAll(self._rows.join(given, list(rejudging.ROW), "semi").select("_provider", "_key"))
        return rejudging.keys_reached(self._known, reached, self.contract).localCheckpoint()


def _raised(known: Mapping[str, Batch], batch_id: str, line: int, key: str | None, rules: list[str]) -> Raised:
    batch = known[batch_id]
    return Raised(batch.resource, batch.provider, batch.business_date, batch_id, line, key, rules)
