"""The clocks of tickets: working days by kind, counted by the calendar of the city; a kind without clock is refused when declared."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakehouse.city.calendar import WorkCalendar
from lakehouse.city.clocks import Clocks, load_clock_table
from lakehouse.config import PROJECT
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast
CLOCKS = PROJECT / "contracts" / "clocks.yaml"


def test_a_doubted_delivery_has_ten_working_days_by_the_official_calendar() -> None:
    clocks = Clocks(WorkCalendar(), load_clock_table(CLOCKS))
    assert clocks.due_on("blocked", date(2026, 9, 28)) == date(2026, 10, 16)  # the holidays of October and the make-up days around them
    assert clocks.due_on("refused", date(2026, 2, 10)) == date(2026, 3, 2)  # the Spring Festival
    assert clocks.due_on("failed", date(2026, 4, 30)) == date(2026, 5, 6)


def test_the_citys_own_holidays_count() -> None:
    table = load_clock_table(CLOCKS)
    assert Clocks(WorkCalendar(["2026-06-02"]), table).due_on("failed", date(2026, 6, 1)) == date(2026, 6, 3)


def test_every_kind_of_ticket_has_a_clock_and_nothing_else_has(tmp_path: Path) -> None:
    path = tmp_path / "clocks.yaml"
    path.write_text(CLOCKS.read_text("utf-8").replace("  silent:", "  slient:"), "utf-8")
    with pytest.raises(ContractError) as told:
        load_clock_table(path)
    assert "there is no clock for silent." in str(told.value)
    assert "tickets.slient:\n  is no kind of ticket.\n  Allowed: silent, " in str(told.value)
