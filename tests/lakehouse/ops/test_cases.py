"""Cases on a real database: one for one row whoever delivers it again, and what a person decided outlives batches and re-runs."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Connection, delete

from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ops import batches, cases, connect
from lakehouse.ops.cases import Decision, Raised
from lakehouse.ops.events import NewEvent
from lakehouse.ops.tables import batch as batch_table
from lakehouse.ops.transitions import SYSTEM, person

pytestmark = pytest.mark.spark

FIRST, SECOND, THIRD, FOURTH = (date(2026, 6, day) for day in (1, 2, 3, 4))
LIU = person("liu")


def row(resource: str, batch: str, line: int, key: str | None, *rules: str) -> Raised:
    return Raised(resource, "p", FIRST, f"{resource}-{batch}", line, key, list(rules or ("id_no.required",)))


def waiver(until: date) -> Decision:
    return Decision("waived", "value_verified", FIRST, LIU, "approval 3", until)


def found(connection: Connection, resource: str) -> list[tuple[str, str, int, str]]:
    return [
        (case.kind, case.batch_id.removeprefix(f"{resource}-"), case.source_line, case.standing)
        for case in cases.find(connection, cases.Filter(resource))
    ]


def test_the_same_row_is_the_same_case_whoever_delivers_it_again(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        first = [row("t_same", "b1", 2, "k1"), row("t_same", "b1", 5, None, "_key.unreadable"), row("t_same", "b1", 7, None, "reject.x")]
        assert cases.raise_rows(connection, first, FIRST) == 3
        assert cases.raise_rows(connection, first, FIRST) == 0
        again = [
            row("t_same", "b2", 4, "k1", "name.required"),
            row("t_same", "b2", 5, None, "_key.unreadable"),
            row("t_same", "b2", 9, "k1"),
        ]
        assert cases.raise_rows(connection, again, SECOND) == 1
        assert found(connection, "t_same") == [
            ("quarantined", "b1", 5, "open"),
            ("rejected", "b1", 7, "open"),
            ("quarantined", "b2", 5, "open"),
            ("quarantined", "b2", 9, "open"),
        ]
        history = cases.history(connection, first[0].case_id)
    assert [(one.seq, one.event, one.business_date, one.actor, one.document, one.detail["rules"]) for one in history] == [
        (1, "raised", FIRST, "system", "t_same-b1", ["id_no.required"]),
        (2, "raised", SECOND, "system", "t_same-b2", ["name.required"]),
        (3, "raised", SECOND, "system", "t_same-b2", ["id_no.required"]),
    ]


def test_a_decision_outlives_its_batch_and_the_rerun_of_its_day(module_instance: Instance) -> None:
    rows = [row("t_kept", "b1", line, f"k{line}") for line in (2, 3)]
    landed = batches.Landed("t_kept-b1", "t_kept", "p", FIRST, "sha", 1, FIRST, "1.csv", 10, 3)
    with connect(module_instance) as connection:
        batches.add(connection, [landed])
        cases.raise_rows(connection, rows, FIRST)
        cases.decide(connection, rows[0].case_id, Decision("rejected", "no_such_record", SECOND, LIU, "letter 9"))
        connection.execute(delete(batch_table).where(batch_table.c.resource == "t_kept"))
        batches.add(connection, [landed])
        assert cases.raise_rows(connection, rows, THIRD) == 0
        assert [standing for *_, standing in found(connection, "t_kept")] == ["closed(rejected)", "open"]
        last = cases.history(connection, rows[0].case_id)[-1]
        assert (last.event, last.actor, last.channel, last.reason, last.document) == (
            "closed", "liu", "command_line", "no_such_record", "letter 9",
        )  # fmt: skip
        assert cases.raise_rows(connection, [row("t_kept", "b2", 2, "k2")], THIRD) == 1  # the source delivers it again


def test_a_waiver_holds_for_the_row_until_it_ends(module_instance: Instance) -> None:
    one = row("t_waived", "b1", 2, "k")
    with connect(module_instance) as connection:
        cases.raise_rows(connection, [one], FIRST)
        cases.decide(connection, one.case_id, waiver(THIRD))
        assert cases.raise_rows(connection, [row("t_waived", "b2", 2, "k")], SECOND) == 0
        assert cases.reopen_expired(connection, THIRD) == 0
        assert found(connection, "t_waived") == [("quarantined", "b2", 2, "closed(waived)")]
        assert cases.reopen_expired(connection, FOURTH) == 1
        assert cases.reopen_expired(connection, FOURTH) == 0
        assert found(connection, "t_waived") == [("quarantined", "b2", 2, "open")]
        events = [(event.event, event.reason) for event in cases.history(connection, one.case_id)]
    assert events == [("raised", None), ("closed", "value_verified"), ("raised", None), ("reopened", "waiver_expired")]


def test_a_decision_can_be_taken_back_where_no_newer_case_stands(module_instance: Instance) -> None:
    one, later = row("t_back", "b1", 2, "k"), row("t_back", "b2", 2, "k")
    back = NewEvent("reopened", SECOND, LIU, "decision_withdrawn", "letter 2")
    with connect(module_instance) as connection:
        cases.raise_rows(connection, [one], FIRST)
        with pytest.raises(ConfigError, match="open → open"):
            cases.reopen(connection, one.case_id, back)
        cases.decide(connection, one.case_id, Decision("rejected", "not_responsible", FIRST, LIU, "letter 1"))
        cases.reopen(connection, one.case_id, back)
        cases.decide(connection, one.case_id, Decision("rejected", "not_responsible", SECOND, LIU, "letter 3"))
        cases.raise_rows(connection, [later], SECOND)
        with pytest.raises(ConfigError, match=f"newer case {later.case_id}"):
            cases.reopen(connection, one.case_id, back)


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (Decision("fixed", "row_let_in", FIRST, LIU, "letter"), "is not allowed to the operator"),
        (Decision("waived", "value_verified", FIRST, SYSTEM, "letter", SECOND), "is not allowed to the system"),
        (Decision("waived", "value_verified", FIRST, LIU, "letter"), "a date after 2026-06-01"),
        (Decision("waived", "value_verified", FIRST, LIU, "letter", FIRST), "a date after 2026-06-01"),
        (Decision("rejected", "no_such_record", FIRST, LIU, "letter", SECOND), "none for anything else"),
    ],
)
def test_what_nobody_may_decide_is_refused(module_instance: Instance, decision: Decision, told: str) -> None:
    one = row("t_refused", "b1", 2, "k")
    with connect(module_instance) as connection:
        cases.raise_rows(connection, [one], FIRST)
        with pytest.raises(ConfigError, match=told):
            cases.decide(connection, one.case_id, decision)
        assert [standing for *_, standing in found(connection, "t_refused")] == ["open"]
