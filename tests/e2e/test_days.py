"""What the three days say of themselves: published, every invariant holds, who kept silent is told."""

from __future__ import annotations

import pytest

from application import report
from infra.local import keys
from lakehouse.ops import connect, tickets
from tests.e2e.reading import gaps
from tests.infra.modes import assert_closed
from tests.oracle.resources import CERTIFICATE, ELDERLY, LEDGER
from tests.plugin.lived import DAYS, FIRST, SECOND, THIRD, Lived

pytestmark = pytest.mark.e2e


def test_every_day_is_published_and_every_invariant_holds(lived: Lived) -> None:
    for day in DAYS:
        found = report.collect(lived.instance, day)
        assert found.is_well, found.invariants
        assert [one["id"] for one in found.invariants] == ["I1", "I2", "I3", "I4", "I5", "I6", "I7"]
        assert found.truth is not None
        assert found.truth["gate"]["recall"] == found.truth["gate"]["precision"] == 1.0


def test_the_silent_street_is_a_gap_once_its_hours_have_passed(lived: Lived) -> None:
    silent = {day: gaps(lived.instance, day, "silent", ELDERLY) for day in DAYS}
    assert (silent[FIRST], silent[SECOND]) == (set(), set())  # a monthly list has three days
    assert len(silent[THIRD]) == 1  # one street sends nothing; another sent a day late, which is in time
    with connect(lived.instance) as connection:
        found = [ticket for ticket in tickets.find(connection, kind="silent") if ticket.resource == ELDERLY]
    assert {(ticket.provider, ticket.state, ticket.business_date) for ticket in found} == {(one, "open", THIRD) for one in silent[THIRD]}


def test_the_ticket_of_a_silent_sender_is_closed_by_its_delivery(lived: Lived) -> None:
    [sender] = gaps(lived.instance, FIRST, "silent", LEDGER)
    with connect(lived.instance) as connection:
        found = {ticket.provider: ticket.state for ticket in tickets.find(connection, kind="silent") if ticket.resource == LEDGER}
    still = {provider for day in DAYS[1:] for provider in gaps(lived.instance, day, "silent", LEDGER)}
    assert found == {provider: "open" if provider in still else "closed" for provider in {sender, *still}}


def test_a_failing_api_and_a_silent_sender_are_gaps_of_the_first_day_only(lived: Lived) -> None:
    failing = {day: gaps(lived.instance, day, "silent", CERTIFICATE) for day in (FIRST, SECOND)}
    assert (len(failing[FIRST]), failing[SECOND]) == (1, set())
    assert len(gaps(lived.instance, FIRST, "silent", LEDGER)) == 1


def test_what_the_days_wrote_is_their_users_alone_and_holds_no_token(lived: Lived) -> None:
    home = lived.instance.home
    assert_closed(home)
    token = keys.read(lived.instance, "spark.token").encode()
    assert (home / "derived" / "dbt" / "target" / "run_results.json").is_file()
    assert [path for path in (home / "derived").rglob("*") if path.is_file() and token in path.read_bytes()] == []
