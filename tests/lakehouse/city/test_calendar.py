"""Working days and due deliveries: the examples of Decree 809, the city's own days, and the warning beyond the calendar's last year."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from lakehouse.city.calendar import CalendarWarning, WorkCalendar, is_due, last_due, last_overdue
from lakehouse.contracts.model import Cycle

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-09-28", ("2026-09-29", "2026-09-30", "2026-10-16", "2026-10-30")),
        ("2026-02-10", ("2026-02-11", "2026-02-12", "2026-03-02", "2026-03-16")),
        ("2026-04-30", ("2026-05-06", "2026-05-07", "2026-05-18", "2026-06-01")),
    ],
)
def test_deadlines_are_as_the_decree_counts(received: str, due: tuple[str, ...]) -> None:
    calendar = WorkCalendar()
    assert tuple(calendar.add_working_days(date.fromisoformat(received), days).isoformat() for days in (1, 2, 10, 20)) == due


def test_the_city_may_close_on_its_own_days() -> None:
    assert WorkCalendar(["2026-06-02"]).add_working_days(date(2026, 6, 1), 1) == date(2026, 6, 3)


def test_beyond_the_known_years_it_warns() -> None:
    with pytest.warns(CalendarWarning, match="2031 are not known"):
        assert WorkCalendar().is_workday(date(2031, 10, 1))


def test_what_is_due_when() -> None:
    days = [date(2026, 6, day) for day in (1, 2, 8)]
    due = {every: [is_due(Cycle(every=every, due_hours=9), day) for day in days] for every in ("day", "week", "month")}
    assert due == {"day": [True, True, True], "week": [True, False, True], "month": [True, False, False]}
    yearly = Cycle(every="year", due_hours=9)
    assert [is_due(yearly, day) for day in (date(2026, 1, 1), date(2026, 1, 2), date(2026, 2, 1))] == [True, False, False]
    assert last_due(yearly, date(2026, 6, 1)) == date(2026, 1, 1)
    assert [is_due(Cycle(every=every, due_hours=0), days[1]) for every in ("quarter_hour", "hour")] == [True, True]


@pytest.mark.parametrize(("every", "most"), [("day", 240), ("week", 240), ("month", 744), ("year", 8760)])
def test_a_delivery_may_take_as_long_as_its_cycle_and_no_longer(every: str, most: int) -> None:
    assert Cycle.model_validate({"every": every, "dueHours": most}).due_hours == most
    with pytest.raises(ValidationError, match=f"is more than {most}, the most with every: {every}"):
        Cycle.model_validate({"every": every, "dueHours": most + 1})


def test_a_year_ends_on_its_last_day() -> None:
    yearly = Cycle(every="year", due_hours=72)
    assert [last_due(yearly, day) for day in (date(2026, 12, 31), date(2027, 1, 1), date(2028, 12, 31))] == [
        date(2026, 1, 1), date(2027, 1, 1), date(2028, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("every", "hours", "on", "overdue"),
    [
        ("day", 9, "2026-06-02", "2026-06-02"),
        ("day", 24, "2026-06-02", "2026-06-02"),
        ("day", 25, "2026-06-02", "2026-06-01"),
        ("week", 24, "2026-06-08", "2026-06-08"),
        ("week", 48, "2026-06-08", "2026-06-01"),
        ("month", 72, "2026-06-01", "2026-05-01"),
        ("month", 72, "2026-06-02", "2026-05-01"),
        ("month", 72, "2026-06-03", "2026-06-01"),
        ("month", 73, "2026-06-03", "2026-05-01"),
        ("month", 0, "2026-06-01", "2026-06-01"),
        ("year", 72, "2027-01-02", "2026-01-01"),
        ("year", 72, "2027-01-03", "2027-01-01"),
        ("year", 2160, "2027-03-30", "2026-01-01"),
        ("year", 2160, "2027-03-31", "2027-01-01"),
        ("year", 2160, "2028-03-30", "2028-01-01"),  # a leap year: the ninetieth day is a day earlier in March
        ("year", 8760, "2027-12-30", "2026-01-01"),
        ("year", 8760, "2027-12-31", "2027-01-01"),
    ],
)
def test_a_delivery_is_overdue_when_its_hours_have_passed(every: str, hours: int, on: str, overdue: str) -> None:
    cycle = Cycle.model_validate({"every": every, "dueHours": hours})
    assert last_overdue(cycle, date.fromisoformat(on)) == date.fromisoformat(overdue)
