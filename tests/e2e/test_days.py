"""What the three days say of themselves: published, every invariant holds, who kept silent is told."""

from __future__ import annotations

import pytest

from application import report
from lakehouse.ops import connect, tickets
from tests.e2e.reading import gaps
from tests.oracle.resources import CERTIFICATE, ELDERLY, LEDGER
from tests.plugin.lived import DAYS, FIRST, SECOND, Lived

pytestmark = pytest.mark.e2e


def test_every_day_is_published_and_every_invariant_holds(lived: Lived) -> None:
    for day in DAYS:
        found = report.collect(lived.instance, day)
        assert found.is_well, found.invariants
        assert [one["id"] for one in found.invariants] == ["I1", "I2", "I3", "I4", "I5", "I6", "I7"]
        assert found.truth is not None
        assert found.truth["gate"]["recall"] == found.truth["gate"]["precision"] == 1.0


def test_the_silent_street_and_the_late_one_are_gaps_with_tickets(lived: Lived) -> None:
    silent = {day: gaps(lived.instance, day, "silent", ELDERLY) for day in (FIRST, SECOND)}
    assert len(silent[FIRST]) == 2  # one street sends nothing, one a day late
    assert len(silent[SECOND]) == 1
    assert silent[SECOND] < silent[FIRST]
    with connect(lived.instance) as connection:
        found = [ticket for ticket in tickets.find(connection, kind="silent") if ticket.resource == ELDERLY]
    told = {ticket.provider: ticket.state for ticket in found}
    assert told == {provider: "open" if provider in silent[SECOND] else "closed" for provider in silent[FIRST]}


def test_a_failing_api_and_a_silent_sender_are_gaps_of_the_first_day_only(lived: Lived) -> None:
    failing = {day: gaps(lived.instance, day, "silent", CERTIFICATE) for day in (FIRST, SECOND)}
    assert (len(failing[FIRST]), failing[SECOND]) == (1, set())
    assert len(gaps(lived.instance, FIRST, "silent", LEDGER)) == 1
