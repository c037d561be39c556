"""The gate's decision about a batch, made from its counts."""

from __future__ import annotations

from datetime import date

import pytest

from expectations.decision import FRESHNESS, REJECTED, REPEATED, Decision, Tally, decide
from expectations.rules.registry import SECONDS
from lakehouse.rules.registry import gate_kinds
from spark_jobs.transforms.rules.registry import PREDICATES
from tests.spark_jobs.transforms.rules import every_kind

pytestmark = pytest.mark.fast
CONTRACT = every_kind.contract()
DAY = date(2026, 6, 1)
RECENT = "2026-05-31T15:00:00.000000Z"


def decision(**counts: object) -> Decision:
    return decide(CONTRACT, DAY, Tally(**{"rows": 1000, "newest": RECENT, **counts}), every_kind.TIMEZONE)  # type: ignore[arg-type]


def test_every_kind_of_the_gate_has_both_implementations() -> None:
    assert set(PREDICATES) == set(SECONDS) == set(gate_kinds())


def test_a_batch_passes_with_few_broken_rows() -> None:
    assert decision(broken={"id_no.resident_id": 50, "phone": 0}, rejected=50, repeated=50) == Decision("passed", (), ())
    assert decide(CONTRACT, DAY, Tally(), every_kind.TIMEZONE).gate == "passed"


@pytest.mark.parametrize("rule", ["id_no.resident_id", "_key.unreadable", "_position.unreadable", REJECTED])
def test_an_error_blocks_above_share_and_rows(rule: str) -> None:
    def with_rows(broken: int, rows: int) -> str:
        if rule == REJECTED:
            return decision(rows=rows, rejected=broken).gate
        return decision(rows=rows, broken={rule: broken}).gate

    assert [with_rows(51, 1000), with_rows(50, 1000), with_rows(19, 30), with_rows(20, 30)] == ["blocked", "passed", "passed", "blocked"]


def test_the_ticket_names_what_blocked_and_not_what_only_warns() -> None:
    found = decision(broken={"id_no.resident_id": 100, "id_no.resident_id_15": 900}, rejected=60)
    assert found == Decision("blocked", (REJECTED, "id_no.resident_id"), ())


def test_warnings_bursts_stale_and_repeated_batches_are_warned_of() -> None:
    assert decision(broken={"id_no.resident_id_15": 51}) == Decision("warned", ("id_no.resident_id_15",), ())
    assert decision(broken={"seen_at.burst": 1}) == Decision("warned", ("seen_at.burst",), ())
    assert decision(newest="2026-05-28T15:59:59.000000Z") == Decision("warned", (FRESHNESS,), (FRESHNESS,))
    assert decision(newest="2026-05-28T16:00:00.000000Z").gate == "passed"
    assert decision(repeated=51) == Decision("warned", (REPEATED,), (REPEATED,))
