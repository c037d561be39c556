"""Every kind of rule: the Spark predicate and the second implementation find the same broken rows in generated values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from expectations.native import has_native, native_counts
from expectations.rules.check import Check
from expectations.rules.registry import broken, checks
from lakehouse.config import Instance
from lakehouse.rules.registry import gate_kinds
from spark_jobs.lake.session import close_sessions, open_session
from spark_jobs.transforms import verdicts
from spark_jobs.transforms.rules.scope import RuleScope
from tests.spark_jobs.transforms.rules import every_kind

pytestmark = pytest.mark.spark
ROWS = 600
TECHNICAL = {"_batch_id": "string", "_provider": "string", "_business_date": "date", "_source_line": "bigint", "_reject": "string"}
TYPES = {**dict.fromkeys(every_kind.COLUMNS, "string"), **TECHNICAL}
CONTRACT = every_kind.contract()
GROUND = every_kind.ground()
VECTORS = {  # rule → numbers that are right, numbers that are wrong
    "id_no.resident_id": (
        ["44990119900307001X", "44990219551224002X", "449903198801011207", "449901201806151235", "810000199408230021"],
        ["449901199003070011", "44990219551224003X", "449903198801011217", "449901301806151235", "4499011990030700"],
    ),
    "id_no.resident_id_15": (["44990119900307001X"], ["449901900307001", "449903880101120"]),
    "handler_uscc.uscc": (
        ["91449901MA5X00014M", "92449902MA5X000141", "11449900MB2C12348R", "54449901MA5X00014G", "11430000006122244L"],
        ["91449901MA5X00014N", "91449901MA5X00013J", "9144990IMA5X00014M", "91449901MA5X0014M", "9144990AMA5X00014M"],
    ),
    "uscc.uscc": (["91449901MA5X00014M", "92449902MA5X000141"], ["54449901MA5X00014G"]),
    "cert_no.disability_certificate_no": (
        ["44990119900307001X43", "44990219551224002X11", "44990320180615124674"],
        ["44990119900307001X03", "44990119900307001X83", "44990119900307001X45", "44990119900307001143", "44990119900307001X4"],
    ),
    "industry_code.domain": (["O8010", "O8110"], ["O7910", "O8"]),
}


@pytest.fixture(scope="module")
def spark(module_instance: Instance) -> Iterator[SparkSession]:
    yield open_session(module_instance)
    close_sessions()


@pytest.mark.parametrize("seed", [0, 600, 3246154361])
def test_spark_and_the_second_implementation_break_the_same_rows(spark: SparkSession, seed: int) -> None:
    rows = every_kind.rows(seed, ROWS)
    judged = _judge(spark, rows)
    expected = _expected(rows)
    differences = {
        line: (judged[line] ^ expected[line], [row for row in rows if row["_source_line"] == line])
        for line in judged
        if judged[line] != expected[line]
    }
    assert not differences
    counts = Counter(rule for verdict in judged.values() for rule in verdict)
    unbroken = {rule.id for rule in CONTRACT.rules} - set(counts)
    never_kept = {rule for rule, count in counts.items() if count > ROWS * 0.9}
    assert (unbroken, never_kept) == (set(), set()), "the generated rows do not try these rules"


def test_native_expectations_count_the_same_rows(spark: SparkSession, tmp_path: Path) -> None:
    rows = every_kind.rows(7, ROWS)
    judged = Counter(rule for verdict in _judge(spark, rows).values() for rule in verdict)
    readable = verdicts.with_values(_sent(spark, rows).where("_reject IS NULL"), CONTRACT, _scope(spark))
    found = native_counts(tmp_path / "derived", CONTRACT, GROUND, readable)
    assert found == {rule.id: judged[rule.id] for rule in CONTRACT.rules}
    native = {check.rule.kind for check in checks(CONTRACT, GROUND) if has_native(check)}
    assert native == {"required", "pattern", "domain", "range", "unique"}


def test_every_kind_of_the_gate_is_tried() -> None:
    assert {rule.kind for rule in CONTRACT.rules} == set(gate_kinds())


def test_published_numbers_pass_and_changed_ones_do_not(spark: SparkSession) -> None:
    empty = dict.fromkeys(every_kind.COLUMNS)
    technical = {"_batch_id": "b", "_provider": None, "_business_date": every_kind.DAYS[0], "_reject": None}
    said = [(rule, number, is_wrong) for rule, both in VECTORS.items() for is_wrong in (False, True) for number in both[is_wrong]]
    rows = [{**empty, **technical, rule.split(".")[0]: number, "_source_line": line} for line, (rule, number, _) in enumerate(said)]
    judged = _judge(spark, rows)
    second = broken(CONTRACT, GROUND, rows)
    assert [(rule, number, rule in judged[line]) for line, (rule, number, _) in enumerate(said)] == said
    assert [(rule, number, rule in second[line]) for line, (rule, number, _) in enumerate(said)] == said


def _scope(spark: SparkSession) -> RuleScope:
    return RuleScope(spark, every_kind.CODES, every_kind.REGIONS, every_kind.TIMEZONE, every_kind.DEPARTMENTS)


def _sent(spark: SparkSession, rows: list[dict[str, object]]) -> DataFrame:
    return spark.createDataFrame([tuple(row[name] for name in TYPES) for row in rows], ", ".join(map(" ".join, TYPES.items())))  # type: ignore[type-var]


def _judge(spark: SparkSession, rows: list[dict[str, object]]) -> dict[int, frozenset[str]]:
    judged = verdicts.add_verdicts(_sent(spark, rows), CONTRACT, _scope(spark))
    found = judged.select("_source_line", "_verdict", "_position").collect()
    assert all(row._verdict == sorted(row._verdict) for row in found)
    return {row._source_line: frozenset(row._verdict) for row in found}


def _expected(rows: list[dict[str, object]]) -> dict[int, frozenset[str]]:
    read = [row for row in rows if row["_reject"] is None]
    found = {row["_source_line"]: frozenset(rules) for row, rules in zip(read, broken(CONTRACT, GROUND, read), strict=True)}
    position = Check(CONTRACT.rules[0], CONTRACT, GROUND)
    for row in read:
        if position.text(row, "id_no") is None or position.text(row, "serial") is None:
            found[row["_source_line"]] |= {verdicts.KEY_UNREADABLE}
        if position.value(row, "seen_at") is None:
            found[row["_source_line"]] |= {verdicts.POSITION_UNREADABLE}
    return {**{row["_source_line"]: frozenset() for row in rows}, **found}  # type: ignore[dict-item, misc]
