"""The working days of a city, and the dates on which deliveries are due.

National holidays come from the library `chinese_calendar`, further ones from the city's own list. In a year the library does not know yet,
Monday to Friday count as working days, with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

from lakehouse.contracts.model import Cycle, Recurrence

FRIDAY = 4


def end_of_day(business_date: date, timezone: ZoneInfo) -> datetime:
    """Return the first instant after a business date, in UTC."""
    return datetime.combine(business_date + timedelta(days=1), time(), timezone).astimezone(UTC)


class CalendarWarning(UserWarning):
    """A date lies beyond the last year the calendar library knows: Monday to Friday are taken for working days."""


class WorkCalendar:
    """The working days of a city; `extra_holidays` come on top of the national ones."""

    def __init__(self, extra_holidays: Iterable[str | date] = ()) -> None:
        self._holidays = frozenset(day if isinstance(day, date) else date.fromisoformat(day) for day in extra_holidays)

    def is_workday(self, day: date) -> bool:
        """Return whether a day is a working day; a weekend day that is worked to make up for a holiday (调休) is one."""
        if day in self._holidays:
            return False
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            text = f"the holidays of {day.year} are not known yet: Monday to Friday are taken for working days (update chinesecalendar)."
            warnings.warn(text, CalendarWarning, stacklevel=2)
            return day.weekday() <= FRIDAY

    def add_working_days(self, received: date, days: int) -> date:
        """Return the date that many working days after a date; the day of receipt does not count (Civil Code Art. 201)."""
        day = received
        while days > 0:
            day += timedelta(days=1)
            days -= self.is_workday(day)
        return day


def is_due(cycle: Recurrence, on: date) -> bool:
    """Return whether a delivery is due on a date: every day, on Mondays, or on the first of a month or year, as the cycle says."""
    return cycle.rule.is_due(on)


def last_overdue(cycle: Cycle, on: date) -> date:
    """Return the latest date on which a delivery was due whose hours have passed when the given date ends."""
    day = last_due(cycle, on)
    while timedelta(hours=cycle.due_hours) > on + timedelta(days=1) - day:
        day = last_due(cycle, day - timedelta(days=1))
    return day


def last_due(cycle: Recurrence, on: date) -> date:
    """Return the latest date up to this one on which a delivery was due."""
    day = on
    while not is_due(cycle, day):
        day -= timedelta(days=1)
    return day


def next_due(cycle: Recurrence, after: date) -> date:
    """Return the first date after this one on which a delivery is due."""
    day = after + timedelta(days=1)
    while not is_due(cycle, day):
        day += timedelta(days=1)
    return day
