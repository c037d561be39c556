"""Tickets on a real database: one for one thing, closed once with the reason that settles it, and never decided twice."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ops import connect, tickets
from lakehouse.ops.tables import ticket as ticket_table
from lakehouse.ops.tickets import Closing, NewTicket
from lakehouse.ops.transitions import person

pytestmark = pytest.mark.spark

FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
LIU = person("liu")


def blocked(batch: str, on: date = FIRST) -> NewTicket:
    return NewTicket("blocked", f"t_thing|{batch}", on, "held", "t_thing", "p", date(2026, 6, 15), {"batch_id": batch})


def test_one_ticket_is_open_for_one_thing_and_every_step_is_an_event(module_instance: Instance) -> None:
    new = blocked("b1")
    with connect(module_instance) as connection:
        number = tickets.open_ticket(connection, new)
        assert tickets.open_ticket(connection, new) == number
        tickets.assign(connection, number, "chen", FIRST, LIU)
        tickets.close(connection, number, Closing("redelivered", SECOND, document="b2"))
        found = tickets.history(connection, number)
        closed = tickets.get(connection, number)
    assert [(one.seq, one.event, one.actor, one.channel, one.reason, one.document) for one in found] == [
        (1, "opened", "system", "job", None, None),
        (2, "assigned", "liu", "command_line", "assigned", None),
        (3, "closed", "system", "job", "redelivered", "b2"),
    ]
    assert closed is not None
    assert (closed.state, closed.assignee, closed.due_on, closed.closed_on) == ("closed", "chen", date(2026, 6, 15), SECOND)


def test_a_closed_ticket_stays_closed_and_a_wrong_reason_closes_none(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        number = tickets.open_ticket(connection, NewTicket("contract", "t_wrong", FIRST, "wrong", "t_wrong"))
        with pytest.raises(ConfigError, match="contract_sound"):
            tickets.close(connection, number, Closing("delivered", SECOND))
        with pytest.raises(ConfigError, match=r"explained \| withdrawn"):
            tickets.close(connection, number, Closing("contract_sound", SECOND, LIU))
        assert [event.event for event in tickets.history(connection, number)] == ["opened"]
        tickets.close(connection, number, Closing("contract_sound", SECOND))
        with pytest.raises(ConfigError, match="closed → closed"):
            tickets.close(connection, number, Closing("contract_sound", SECOND))
        with pytest.raises(ConfigError, match="closed → closed"):
            tickets.close(connection, number, Closing("withdrawn", SECOND, LIU))


def test_what_was_settled_is_not_asked_again_when_a_batch_is_rebuilt(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        decided = tickets.open_ticket(connection, blocked("b3"))
        tickets.close(connection, decided, Closing("explained", SECOND, LIU, "letter 7"))
        assert tickets.open_ticket(connection, blocked("b3", THIRD)) == decided
        replaced = tickets.open_ticket(connection, blocked("b4"))
        tickets.close(connection, replaced, Closing("superseded", SECOND, document="b5"))
        assert tickets.open_ticket(connection, blocked("b4", THIRD)) == replaced
        let_in = tickets.open_ticket(connection, blocked("b6"))
        tickets.close(connection, let_in, Closing("let_in", SECOND, document="b6"))
        assert tickets.open_ticket(connection, blocked("b6", THIRD)) > let_in


def test_what_comes_again_is_a_new_matter_but_an_earlier_day_run_again_is_not(module_instance: Instance) -> None:
    def failed(on: date) -> NewTicket:
        return NewTicket("contract", "t_again", on, "wrong", "t_again")

    with connect(module_instance) as connection:
        first = tickets.open_ticket(connection, failed(FIRST))
        tickets.close(connection, first, Closing("explained", SECOND, LIU, "letter 8"))
        assert tickets.open_ticket(connection, failed(FIRST)) == first
        again = tickets.open_ticket(connection, failed(THIRD))
        assert again > first
        tickets.close(connection, again, Closing("contract_sound", THIRD))
        assert tickets.open_ticket(connection, failed(THIRD)) > again


def test_a_ticket_with_a_history_cannot_be_deleted(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        number = tickets.open_ticket(connection, blocked("b7"))
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(delete(ticket_table).where(ticket_table.c.ticket_id == number))
        assert len(tickets.history(connection, number)) == 1
