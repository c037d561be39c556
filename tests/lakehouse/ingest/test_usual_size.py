"""How many rows are usual: the median of the last eight deliveries about the same kind of day; of fewer than four nothing is said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lakehouse.city.calendar import WorkCalendar
from lakehouse.ingest.usual_size import usual_size
from lakehouse.ops.batches import Batch
from lakehouse.ops.volumes import Volume

pytestmark = pytest.mark.fast
MONDAY, SATURDAY, FESTIVAL, MADE_UP = date(2026, 6, 1), date(2026, 6, 6), date(2026, 6, 19), date(2026, 5, 9)
CALENDAR = WorkCalendar()


def usual(about: date, before: list[tuple[date, int]], calendar: WorkCalendar = CALENDAR) -> float | None:
    """Return what is usual for a delivery about a date after others, given the first of these first."""
    batch = Batch("b", "t_thing", "p", about, "sha", len(before) + 1, about, "f.csv", 1, 0)
    return usual_size(batch, [Volume(day, rows) for day, rows in reversed(before)], calendar)


def daily(first: date, *rows: int) -> list[tuple[date, int]]:
    return [(first + timedelta(days=number), count) for number, count in enumerate(rows)]


def test_nothing_is_usual_before_four_deliveries_of_the_kind() -> None:
    assert usual(MONDAY, []) is None
    assert usual(date(2026, 6, 4), daily(MONDAY, 10, 20, 30)) is None
    assert usual(date(2026, 6, 5), daily(MONDAY, 10, 20, 30, 50)) == 25


def test_the_last_eight_count_by_delivery_whatever_date_they_are_about() -> None:
    assert usual(MONDAY, [(MONDAY, rows) for rows in (9000, 9000, 9000, 1, 2, 3, 4, 5, 6, 7, 8)]) == 4.5
    late_first = [(date(2026, 6, 5), 7), (date(2026, 6, 1), 7), (date(2026, 6, 2), 7), (date(2026, 6, 3), 7)]
    assert usual(date(2026, 6, 4), late_first) == 7


@pytest.mark.parametrize("off", [SATURDAY, FESTIVAL])
def test_a_day_off_is_measured_by_days_off_and_a_working_day_by_working_days(off: date) -> None:
    two_weeks = daily(MONDAY - timedelta(weeks=2), *([300] * 5 + [20] * 2) * 2)
    assert usual(off, two_weeks) == 20
    assert usual(MONDAY, two_weeks) == 300


def test_a_weekend_that_is_worked_and_a_holiday_of_the_city_are_known() -> None:
    working_week = daily(date(2026, 5, 11), 300, 300, 300, 300)
    assert usual(MADE_UP, working_week) == 300  # a Saturday worked for the First of May
    assert usual(date(2026, 5, 15), working_week, WorkCalendar(["2026-05-15"])) is None
