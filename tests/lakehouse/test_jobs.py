"""What a job did is told in lines that a person can act on at night: batches, counts, reasons, seconds; and no value from the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lakehouse.errors import without_values
from lakehouse.ingest.intake import TakenBatch
from lakehouse.ingest.readers.delivery import Unusable
from lakehouse.jobs import Answer, JobRequest, lines
from lakehouse.ops.ingest_runs import Notes
from spark_jobs.jobs.close_day import CloseAnswer
from spark_jobs.jobs.extract import ExtractAnswer
from spark_jobs.jobs.gate import GateAnswer, JudgedBatch
from spark_jobs.jobs.ingest_gaps import GapsAnswer
from spark_jobs.jobs.ingest_outcome import OutcomeAnswer
from spark_jobs.jobs.libraries import LibrariesAnswer
from spark_jobs.jobs.returns_build import BuildAnswer
from spark_jobs.jobs.silver import SilverAnswer
from spark_jobs.lake.dbt_runs import BuiltTable

pytestmark = pytest.mark.fast
BATCH, OTHER = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
GAP = {"resource": "r_list", "provider": None, "kind": "silent", "due_on": "2026-06-01"}
TOLD: dict[str, tuple[Answer, list[str]]] = {
    "extract": (
        ExtractAnswer(
            landed=2, repeated=1, rebuilt=0, refused=2, rows=60, notes=Notes(waiting=1),
            batches=(TakenBatch(BATCH, "office", "2026-06-01", 60), TakenBatch(OTHER, "office", "2026-05-31", 9, "a.csv:\n  no header.")),
            unusable=(Unusable("inbox/strange.csv", "inbox/strange.csv:\n  no date."),),
        ),
        [
            "extract r_list 2026-06-01: done, landed 2, repeated 1, rebuilt 0, refused 2, rows 60, waiting 1, 4.2 s",
            "  batches: batch_id 0123456789ab, provider office, business_date 2026-06-01, rows 60",
            "  batches: batch_id fedcba987654, provider office, business_date 2026-05-31, rows 9, refused a.csv: no header.",
            "  unusable: subject inbox/strange.csv, message inbox/strange.csv: no date.",
        ],
    ),
    "gate": (
        GateAnswer(
            batches=1, passed=0, warned=0, blocked=1,
            judged=(JudgedBatch(BATCH, "blocked", "office", 60, ("phone.pattern",), {"phone.pattern": 20, "name.required": 1}),),
        ),
        [
            "gate r_list 2026-06-01: done, batches 1, passed 0, warned 0, blocked 1, 4.2 s",
            "  judged: batch_id 0123456789ab, gate blocked, provider office, received 60, reasons phone.pattern, "
            "broken (phone.pattern 20, name.required 1)",
        ],
    ),
    "silver": (
        SilverAnswer(
            batches=1, rows={"accepted": 57, "quarantined": 3}, inserted=57,
            by_batch=({"batch_id": BATCH, "received": 60, "rejected": 0, "quarantined": 3, "accepted": 57},),
        ),
        [
            "silver r_list 2026-06-01: done, batches 1, inserted 57, updated 0, 4.2 s",
            "  rows: accepted 57, quarantined 3",
            "  by_batch: batch_id 0123456789ab, received 60, quarantined 3, accepted 57",
        ],
    ),
    "ingest_outcome": (
        OutcomeAnswer(outcome="blocked", missing=(GAP,), close_again=True),
        [
            "ingest_outcome r_list 2026-06-01: blocked, close_again yes, 4.2 s",
            "  missing: resource r_list, kind silent, due_on 2026-06-01",
        ],
    ),
    "ingest_gaps": (
        GapsAnswer(outcome="gaps", gaps=("r_list is failed since 2026-06-01, ticket 7: it failed. Fix: huiliu run-day 2026-06-01",)),
        [
            "ingest_gaps r_list 2026-06-01: gaps, 4.2 s",
            "  gaps: r_list is failed since 2026-06-01, ticket 7: it failed. Fix: huiliu run-day 2026-06-01",
        ],
    ),
    "close_day": (
        CloseAnswer(outcome="closed", issue=1, gaps=1, missing=(GAP,)),
        [
            "close_day 2026-06-01: closed, issue 1, gaps 1, strays 0, 4.2 s",
            "  missing: resource r_list, kind silent, due_on 2026-06-01",
        ],
    ),
    "libraries": (
        LibrariesAnswer(outcome="built", tables=(BuiltTable("a_library", 600, 3, 12, 2.5),), intermediate={"int_a": 0.4, "int_b": 1.2}),
        [
            "libraries 2026-06-01: built, 4.2 s",
            "  tables: table a_library, rows 600, version 3, changed 12, seconds 2.5",
            "  intermediate: int_a 0.4, int_b 1.2",
        ],
    ),
    "returns_build": (
        BuildAnswer(outcome="built", recipients=34, created=5, referred=9, left_out={"r_net": "codes: there is no table x."}),
        [
            "returns_build 2026-06-01: built, recipients 34, created 5, referred 9, 4.2 s",
            "  left_out: r_net codes: there is no table x.",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_every_answer_is_told_in_lines(name: str) -> None:
    answer, expected = TOLD[name]
    resource = "r_list" if expected[0].startswith(f"{name} r_list") else None
    assert lines(name, JobRequest(date(2026, 6, 1), resource), replace(answer, seconds=4.21)) == expected


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("[CAST_INVALID_INPUT] The value '王小明' of the type \"STRING\" cannot be cast.", "[CAST_INVALID_INPUT]"),
        ("Runtime Error in model x\n  [DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] violated by row with values:\n - name : 王小明", "[DELTA_"),
        ("[DIVIDE_BY_ZERO.X] 王小明", "[DIVIDE_BY_ZERO.X]"),
    ],
)
def test_a_message_that_may_quote_the_data_is_cut_to_its_condition(message: str, shown: str) -> None:
    assert without_values(message).startswith(shown)
    assert "王小明" not in without_values(message)


@pytest.mark.parametrize(
    "message",
    [
        "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `nobody_knows` cannot be resolved.",
        "[PARSE_SYNTAX_ERROR] Syntax error at or near 'selct'.",
        "Compilation Error in model x: 3 rows have an empty key or share one. The key is [person_id].",
    ],
)
def test_a_message_with_words_of_the_statement_only_is_kept(message: str) -> None:
    assert without_values(message) == message
