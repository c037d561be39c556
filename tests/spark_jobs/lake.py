"""A lake of one resource with all batches in bronze, which a test brings into silver in any order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.naming import bronze, silver
from spark_jobs.ingest.accounting import accounts
from spark_jobs.ingest.silver import Selection, Step
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import bronze_table
from spark_jobs.transforms.rules.scope import RuleScope
from tests.oracle import history as oracle
from tests.spark_jobs.histories import bronze_rows, landed


class Lake:
    """One resource with all batches in bronze; a test brings them into silver in any order."""

    def __init__(self, instance: Instance, resource: Contract, batches: list[dict]) -> None:
        self.instance, self.contract, self.batches = instance, resource, batches
        self.spark: SparkSession = open_session(instance)
        self.done: dict[str, object] = {}
        self.closings: dict[str, bool] = {}  # as the step recorded them: whether they are held
        storage.ensure_tables(self.spark, instance, resource)
        schema = ", ".join(f"`{name}` {type_}" for name, type_ in bronze_table(resource).columns)
        rows = self.spark.createDataFrame([row for batch in batches for row in bronze_rows(batch, len(resource.kept_columns))], schema)
        storage.append_batches(self.spark, bronze(resource.code), rows, [batch["batch_id"] for batch in batches])

    def step(self, batch_ids: list[str], on) -> storage.Changes:
        """Bring these batches into silver in one step; all other open batches wait for their gate."""
        known = []
        for batch in self.batches:
            name = batch["batch_id"]
            gate = "blocked" if batch["held"] else "passed" if name in self.done or name in batch_ids else None
            known.append(replace(landed(batch, self.contract.code, gate, self.done.get(name)), closings_held=self.closings.get(name)))
        selection = Selection.of(known, on)
        scope = RuleScope(self.spark, {}, (), "Asia/Shanghai")
        step = Step(self.spark, self.contract, scope, self.instance.key_path("hmac.key"), selection, on)
        drawn = accounts(step.judged, selection.judged, self.contract)
        counted = [batch for batch in self.batches if batch["held"] or batch["batch_id"] in {*self.done, *batch_ids}]
        expected = oracle.counts(counted)
        for one in drawn:
            got = {name: count for name, count in vars(one.counts).items() if count}
            assert got == expected[one.batch.batch_id]
        self.closings |= {name: one.held for name, one in step.decisions.items()}
        written = step.write()
        step.check()
        self.done |= dict.fromkeys(batch_ids, on)
        return written

    def silver(self) -> list[dict]:
        """Return all versions ever written."""
        return [row.asDict() for row in storage.read(self.spark, silver(self.contract.code)).collect()]


def told(versions: list[dict]) -> dict[str, list[tuple]]:
    found = defaultdict(list)
    for one in versions:
        found[one["key"]].append((one["start"], one["end"], one["content"], one["deleted"], one["batch_id"], one["line"]))
    return {key: sorted(rows, key=str) for key, rows in found.items()}


def known_in(rows: list[dict], day) -> list[dict]:
    """Return the versions that silver says were known on a day: one replaced later counts, one closed later is open."""
    return [
        {
            "key": row["id"],
            "start": row["valid_from"],
            "end": None if row["_closed_on"] and row["_closed_on"] > day else row["valid_to"],
            "content": row["value"],
            "deleted": row["_deleted"],
            "batch_id": row["_batch_id"],
            "line": row["_source_line"],
        }
        for row in rows
        if row["_recorded_on"] <= day and (row["_replaced_on"] is None or row["_replaced_on"] > day)
    ]
