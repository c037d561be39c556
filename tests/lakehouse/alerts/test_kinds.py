"""Every kind of ticket can be an alert, under a name in both languages."""

from __future__ import annotations

import pytest

from lakehouse.alerts.kinds import KINDS, OF_TICKETS
from lakehouse.ops.transitions import SETTLED

pytestmark = pytest.mark.fast


def test_every_kind_of_ticket_is_a_kind_of_alert() -> None:
    assert set(OF_TICKETS) == set(SETTLED), "add the kind to lakehouse/alerts/kinds.py: its severity, whose it is, its names"


def test_no_two_kinds_have_the_same_name() -> None:
    for names in ([kind.zh for kind in KINDS.values()], [kind.en for kind in KINDS.values()]):
        assert len(set(names)) == len(names)
