"""Count what became of the rows of each batch, and refuse counts that do not add up to the rows received."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, QualityError, problems_text
from lakehouse.ops.batches import Batch, Counts
from lakehouse.ops.cases import Raised
from spark_jobs.transforms.dispositions import errors


@dataclass(frozen=True)
class Account:
    """A batch, its number of rows by disposition, and its rejected or quarantined rows."""

    batch: Batch
    counts: Counts
    raised: list[Raised] = field(default_factory=list)


def accounts(rows: DataFrame, batches: Sequence[Batch], contract: Contract) -> list[Account]:
    """Return the account of each batch, from its bronze rows with `_disposition`; one query for all batches.

    Raises:
        QualityError: the number of rows of a batch differs from the number received.
    """
    broken = F.when(F.col("_reject").isNotNull(), F.array(F.concat(F.lit("reject."), "_reject"))).otherwise(errors(contract))
    outside = F.col("_disposition").isin("rejected", "quarantined")
    case = F.when(outside, F.struct(F.col("_source_line").alias("line"), F.col("_key").alias("key"), broken.alias("rules")))
    found = rows.groupBy("_batch_id", "_disposition").agg(F.count("*").alias("rows"), F.collect_list(case).alias("cases")).collect()
    counts: dict[str, dict[str, int]] = {batch.batch_id: {} for batch in batches}
    cases: dict[str, list[tuple[int, str | None, list[str]]]] = {batch.batch_id: [] for batch in batches}
    for row in found:
        counts[row._batch_id][row._disposition] = row.rows
        cases[row._batch_id] += [(one.line, one.key, list(one.rules)) for one in row.cases]
    drawn = [Account(batch, Counts(**counts[batch.batch_id]), _raised(batch, cases[batch.batch_id])) for batch in batches]
    _check(drawn)
    return drawn


def _raised(batch: Batch, found: Iterable[tuple[int, str | None, list[str]]]) -> list[Raised]:
    facts = (batch.resource, batch.provider, batch.business_date, batch.batch_id)
    return [Raised(*facts, line, key, rules) for line, key, rules in sorted(found, key=lambda one: one[0])]


def _check(drawn: Sequence[Account]) -> None:
    problems = [
        Problem(
            f"batch {one.batch.batch_id} of {one.batch.resource}",
            f"{one.counts.total} rows are accounted for in bronze.",
            f"{one.batch.received}, the number of rows received.",
            "bronze does not hold the delivery as landed; nothing was written to silver.",
        )
        for one in drawn
        if one.counts.total != one.batch.received
    ]
    if problems:
        raise QualityError(problems_text(problems))
