"""What a person decides about cases and tickets: it is theirs by name, in the history and in the audit, and unknown ids are refused."""

from __future__ import annotations

from datetime import date

import pytest

from application.tickets import Act, assign_ticket, case_place, close_ticket, decide_case, ticket_history, withdraw_decision
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ops import audit, cases, connect, tickets

pytestmark = pytest.mark.spark

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)


def test_a_persons_decisions_bear_their_name_and_stand_in_the_audit(module_instance: Instance) -> None:
    row = cases.Raised("t_thing", "p", FIRST, "b1", 2, "k", ["a.required"])
    with connect(module_instance) as connection:
        cases.raise_rows(connection, [row], FIRST)
        number = tickets.open_ticket(connection, tickets.NewTicket("blocked", "t_thing|b1", FIRST, "held", "t_thing", "p"))
    decide_case(module_instance, row.case_id, "waived", Act(FIRST, "value_verified", "approval 1"), date(2026, 6, 30))
    withdraw_decision(module_instance, row.case_id, Act(SECOND, "decision_withdrawn", "letter 2"))
    assign_ticket(module_instance, number, "chen", FIRST)
    close_ticket(module_instance, number, Act(SECOND, "withdrawn", "letter 3"))
    me = audit.operator()
    place = case_place(module_instance, row.case_id)
    assert (place.case.standing, place.source_object) == ("open", None)
    assert [(one.event, one.actor, one.document) for one in place.events] == [
        ("raised", "system", "b1"),
        ("closed", me, "approval 1"),
        ("reopened", me, "letter 2"),
    ]
    found = ticket_history(module_instance, number)
    assert [(one.event, one.actor, one.reason) for one in found.events[1:]] == [("assigned", me, "assigned"), ("closed", me, "withdrawn")]
    with connect(module_instance) as connection:
        told = [(one.actor, one.action, one.subject, one.detail["outcome"]) for one in audit.entries(connection)]
        assert audit.first_break(connection) is None
    assert told == [
        (me, "decide", f"case {row.case_id}", "waived"),
        (me, "decide", f"case {row.case_id}", "reopened"),
        (me, "decide", f"ticket {number}", "closed"),
    ]


def test_what_is_refused_changes_nothing_and_is_not_in_the_audit(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        before = len(audit.entries(connection))
        number = tickets.open_ticket(connection, tickets.NewTicket("blocked", "t_thing|b2", FIRST, "held", "t_thing", "p"))
    with pytest.raises(ConfigError, match=r"explained \| withdrawn"):
        close_ticket(module_instance, number, Act(SECOND, "let_in", "letter"))
    for unknown in (
        lambda: close_ticket(module_instance, 999, Act(SECOND, "explained", "letter")),
        lambda: assign_ticket(module_instance, 999, "chen", SECOND),
        lambda: decide_case(module_instance, "none", "rejected", Act(SECOND, "not_responsible", "letter")),
        lambda: withdraw_decision(module_instance, "none", Act(SECOND, "decision_withdrawn", "letter")),
    ):
        with pytest.raises(ConfigError, match="there is no such"):
            unknown()
    with connect(module_instance) as connection:
        assert len(audit.entries(connection)) == before
    assert ticket_history(module_instance, number).ticket.state == "open"
