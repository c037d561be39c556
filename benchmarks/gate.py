"""Compare the time of the gate with 30 rules and of the native Great Expectations suite of the same rules, on the same generated rows.

    python -m benchmarks.gate --rows 2000000

Both count the rows that break each rule; the counts must agree. The gate also leaves every row's verdict, which the native suite cannot.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

import typer
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.checkpoint import run, unexpected_counts
from expectations.decision import decisions
from expectations.rules.check import Ground
from expectations.rules.registry import checks
from expectations.suite import RECEIVED, USUAL, gate_suite, native_suite
from expectations.tallies import COUNTED
from lakehouse.config import Instance
from lakehouse.contracts.model import Column, Contract, Cycle, JsonLinesSource, OneProvider, Rule, Sharing
from lakehouse.contracts.terms import Locality
from lakehouse.errors import QualityError
from lakehouse.objects import open_area
from lakehouse.rules.registry import build_rule
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.lake.session import open_session
from spark_jobs.lake.workload import LARGE
from spark_jobs.transforms.rules.scope import RuleScope
from spark_jobs.transforms.verdicts import add_verdicts, with_values

DAY = date(2026, 6, 1)
EACH = 6  # columns of each type (text, amount, code); every three columns get five rules
BATCH = "0" * 32
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Result:
    """Seconds of gate and native suite on the same rows and rules; `ratio`: native seconds divided by gate seconds."""

    rows: int
    rules: int
    broken: int
    gate_seconds: float
    native_seconds: float
    ratio: float


def contract() -> Contract:
    """Return a contract with 30 rules of kinds that Great Expectations has built in."""
    columns, rules = [_column("serial", key=True)], []
    for n in range(EACH):
        text, code = _column(f"text_{n}"), _column(f"code_{n}")
        amount = _column(f"amount_{n}", type="number", physical_type="decimal(12,2)")
        columns += [text, amount, code]
        rules += _rules(text, required={}, pattern={"regex": f"^[a-z]{{2}}[0-9]{{{n + 2},}}$"})
        rules += _rules(amount, required={}, range={"min": 0, "max": 1000 * (n + 1)})
        rules += _rules(code, domain={"codes": "gender"})
    given = {"name_zh": "基准", "name_en": "Benchmark", "description": "generated", "version": "1.0.0", "file": "benchmarks/gate.py"}
    shared = {"source": JsonLinesSource(kind="jsonl", path="x"), "cycle": Cycle(every="day", due_hours=1), "delivery": "increment"}
    sharing = Sharing(attribute=2, grade=2, open_type="closed")
    placed = {
        "code": "benchmark",
        "level": "city",
        "provider": OneProvider(kind="x"),
        "position": None,
        "locality": Locality(),
        "sharing": sharing,
    }
    return Contract(**given, **shared, **placed, columns=tuple(columns), rules=tuple(rules))


def generated(spark: SparkSession, number: int) -> DataFrame:
    """Return rows as a reader produces them; each rule is broken by about one row in a hundred; the same number gives the same rows."""

    def chance(name: str) -> SparkColumn:
        return F.pmod(F.xxhash64("id", F.lit(name)), F.lit(10_000))

    def spoiled(name: str, wrong: str, right: SparkColumn) -> SparkColumn:
        return F.when(chance(name) < 50, None).when(chance(name) < 150, F.lit(wrong)).otherwise(right).alias(name)

    values = []
    for n in range(EACH):
        values.append(spoiled(f"text_{n}", "?", F.concat(F.lit("ab"), F.lpad(F.col("id").cast("string"), 9, "0"))))
        values.append(spoiled(f"amount_{n}", "-1", (chance(f"amount_{n}") % 1000).cast("string")))
        values.append(spoiled(f"code_{n}", "7", (chance(f"code_{n}") % 3).cast("string")))
    technical = {"_batch_id": F.lit(BATCH), "_provider": F.lit("x"), "_business_date": F.lit(DAY), "_reject": F.lit(None).cast("string")}
    named = [value.alias(name) for name, value in technical.items()]
    line, row_hash = F.col("id").alias("_source_line"), F.sha2(F.col("id").cast("string"), 256).alias("_row_hash")
    return spark.range(number).select(F.col("id").cast("string").alias("serial"), *values, *named, line, row_hash)


def compare(instance: Instance, number: int) -> Result:
    """Run the gate and the native suite on the same rows and return their seconds.

    Raises:
        QualityError: they count different numbers of rows.
    """
    spark, judged = open_session(instance), contract()
    for name, value in LARGE.items():  # compile the plans, as for a large lake, whatever this instance holds now
        spark.conf.set(name, value)
    area, staged = open_area(instance, "lake"), f"_staging/benchmark/{number}"
    generated(spark, number).write.mode("overwrite").parquet(area.spark_url(staged))
    scope = rule_scope(spark, instance)
    rows = spark.read.parquet(area.spark_url(staged))
    with TemporaryDirectory() as folder:
        gate_seconds, ours = _timed(
            lambda: _gate(rows, number, area.spark_url(f"{staged}_verdicts"), Path(folder) / "gate", (judged, scope))
        )
        native_seconds, theirs = _timed(lambda: _native(rows, Path(folder) / "native", (judged, scope)))
    area.delete_below("_staging/benchmark")
    if ours != theirs:
        wrong = sorted(name for name in ours if ours[name] != theirs.get(name))
        raise QualityError(f"the gate and the native suite count differently: {', '.join(wrong)}")
    ratio = round(native_seconds / gate_seconds, 2)
    return Result(number, len(judged.rules), sum(ours.values()), round(gate_seconds, 1), round(native_seconds, 1), ratio)


def _gate(rows: DataFrame, size: int, path: str, derived: Path, declared: tuple[Contract, RuleScope]) -> dict[str, int]:
    """Count rows per broken rule with our gate: write the verdicts once, let Great Expectations count them and judge."""
    judged, scope = declared
    add_verdicts(rows, judged, scope).write.mode("overwrite").parquet(path)
    names = [rule.id for rule in judged.rules]
    committed = rows.sparkSession.read.parquet(path)
    suite = gate_suite(judged, scope.timezone)
    found = decisions(run(derived, suite, committed.select(*COUNTED), "gate", {RECEIVED: {BATCH: size}, USUAL: {}}))
    return {name: found[BATCH].broken.get(name, 0) for name in names}


def _native(rows: DataFrame, derived: Path, declared: tuple[Contract, RuleScope]) -> dict[str, int]:
    """Count rows per broken rule with the native suite of Great Expectations on typed values, without verdicts."""
    judged, scope = declared
    ground = Ground(scope.codes, scope.regions, scope.timezone, scope.departments)
    return unexpected_counts(run(derived, native_suite(checks(judged, ground)), with_values(rows, judged, scope), "native"))


def _timed(work: Callable[[], Answer]) -> tuple[float, Answer]:
    started = time.perf_counter()
    answer = work()
    return time.perf_counter() - started, answer


def _column(name: str, **given: Any) -> Column:
    return Column(
        **{"name": name, "source_name": name, "label_zh": name, "label_en": name, "type": "string", "class_": "plain", "grade": 1, **given}
    )


def _rules(column: Column, **params_of: dict[str, Any]) -> list[Rule]:
    return [build_rule(kind, column, "error", params) for kind, params in params_of.items()]


def main(rows: Annotated[int, typer.Option(min=1, help="Rows to generate.")] = 2_000_000) -> None:
    """Compare the time of the gate and the native suite; the instance's Spark must be running."""
    typer.echo(json.dumps(asdict(compare(Instance(), rows))))


if __name__ == "__main__":
    typer.run(main)
