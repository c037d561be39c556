"""Rows behind every window are found by counting the rows of each day, from one look at the source to the next."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.ingest.reach import Look, after
from lakehouse.ingest.readers.delivery import Outside
from lakehouse.ingest.readers.window import Window
from lakehouse.ingest.reconciliation import compared_columns
from lakehouse.ops.reach import Reach
from tests.lakehouse.ingest.readers.contract import contract

pytestmark = pytest.mark.fast

TABLE = contract("postgres", "a", "changed_at")  # overlap: three days
MAY, FIRST, SECOND, THIRD = date(2026, 5, 20), date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
Days = dict[date | None, int]


def look(days: Days, on: date, first: date | None) -> Look:
    return Look(Window(first, on, "x"), Outside(days, 0, on + timedelta(days=1)), "p")


def usual(on: date) -> date:
    """Return the first day of the window of a day after a day that delivered."""
    return on - timedelta(days=3)


def test_the_first_look_takes_the_whole_source_and_misses_nothing() -> None:
    assert after(None, look({MAY: 7, None: 1}, FIRST, None), TABLE) == Reach(FIRST, {MAY: 7, None: 1}, {})


def test_a_row_written_back_into_the_past_is_missed_until_its_day_is_asked_for() -> None:
    first = after(None, look({MAY: 7}, FIRST, None), TABLE)
    second = after(first, look({MAY: 8, SECOND: 5}, SECOND, usual(SECOND)), TABLE)
    assert second.missed == {MAY: 1}
    third = after(second, look({MAY: 8, SECOND: 5, THIRD: 1}, THIRD, usual(THIRD)), TABLE)
    assert third.missed == {MAY: 1}
    asked_again = after(third, look({MAY: 8, SECOND: 5, THIRD: 1}, THIRD, MAY), TABLE)
    assert asked_again.missed == {}
    assert after(asked_again, look({MAY: 8}, THIRD, usual(THIRD)), TABLE).missed == {}


def test_rows_that_leave_a_day_hide_no_row_that_came_before() -> None:
    first = after(None, look({MAY: 7}, FIRST, None), TABLE)
    second = after(first, look({MAY: 9}, SECOND, usual(SECOND)), TABLE)
    assert after(second, look({MAY: 4}, THIRD, usual(THIRD)), TABLE).missed == {MAY: 2}
    assert after(second, look({MAY: 1}, THIRD, usual(THIRD)), TABLE).missed == {MAY: 1}
    assert after(second, look({}, THIRD, usual(THIRD)), TABLE).missed == {}


def test_rows_of_no_day_are_behind_every_window() -> None:
    first = after(None, look({None: 1}, FIRST, None), TABLE)
    assert after(first, look({None: 3}, SECOND, usual(SECOND)), TABLE).missed == {None: 2}


def test_the_days_of_a_window_whose_look_was_lost_are_not_missed() -> None:
    first = after(None, look({MAY: 7, FIRST - timedelta(days=1): 2}, FIRST, None), TABLE)
    later = THIRD + timedelta(days=7)  # the looks of the days between were not recorded, their windows were landed
    found = after(first, look({MAY: 8, FIRST - timedelta(days=1): 4}, later, usual(later)), TABLE)
    assert found.missed == {MAY: 1}


days = st.dictionaries(st.integers(1, 60).map(lambda ago: FIRST - timedelta(days=ago)), st.integers(1, 5), max_size=20)


@given(days, days)
def test_what_is_missed_is_exactly_what_came_where_nothing_left(before: dict[date, int], came: dict[date, int]) -> None:
    known = after(None, look({**before}, FIRST, None), TABLE)
    now = {day: before.get(day, 0) + came.get(day, 0) for day in {*before, *came}}
    found = after(known, look({**now}, SECOND, usual(SECOND)), TABLE)
    assert found.missed == {day: count for day, count in came.items() if day < usual(SECOND)}


def test_a_comparison_lists_key_position_and_watermark_and_nothing_else() -> None:
    of = contract("postgres", "a", "b", "changed_at", "seen_at", position="seen_at", dropped=("secret",))
    assert [one.name for one in compared_columns(of)] == ["a", "changed_at", "seen_at"]
