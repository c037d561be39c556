"""Count the rows that break each rule without using verdicts: by native expectations, or in plain Python where there is none."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import ArrayType, StringType

from expectations.checkpoint import run, unexpected_counts
from expectations.rules.check import Check, Ground
from expectations.rules.registry import SECONDS, broken, checks
from expectations.suite import SECOND, native_suite
from lakehouse.contracts.model import Contract


def native_counts(derived: Path, contract: Contract, ground: Ground, rows: DataFrame) -> dict[str, int]:
    """Return the number of rows that break each rule.

    Args:
        derived: the folder of the Great Expectations project.
        contract: the resource.
        ground: the tables that rules may use.
        rows: readable rows of whole batches with normalised text and typed values (`_n_…`, `_t_…`).

    Raises:
        QualityError: the checkpoint did not run.
    """
    suite = native_suite(checks(contract, ground))
    return unexpected_counts(run(derived, suite, with_second(rows, contract, ground).localCheckpoint(), "native"))


def with_second(rows: DataFrame, contract: Contract, ground: Ground) -> DataFrame:
    """Add column `_second`: the ids of the rules a row breaks, of all rules without a native expectation; judged in Python per batch."""
    second = [check.rule for check in checks(contract, ground) if not has_native(check)]
    judged = contract.model_copy(update={"rules": tuple(second)})

    def judge(batch: pa.Table) -> pa.Table:
        verdicts = broken(judged, ground, batch.to_pylist())
        return batch.append_column(SECOND, pa.array(verdicts, pa.list_(pa.string())))

    schema = rows.schema.add(SECOND, ArrayType(StringType()))
    return rows.groupBy("_batch_id").applyInArrow(judge, schema)


def has_native(check: Check) -> bool:
    """Return whether Great Expectations has a native expectation for a rule."""
    native = SECONDS[check.rule.kind].native
    return native is not None and native(check) is not None
