"""How often something is delivered: one rule per cycle, from a quarter of an hour to a year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Every = Literal["quarter_hour", "hour", "day", "week", "month", "year"]


@dataclass(frozen=True)
class CycleRule:
    """What a cycle means.

    Args:
        label: its name in Chinese and English.
        is_due: whether a delivery is due on a date.
        recent_days: up to how many days before its business date a row of a batch is recent.
        latest_hours: after how many hours at most a delivery is late.
        is_within_day: whether several deliveries are due on one date; no kind of source delivers so yet, so declarations are refused.
    """

    label: tuple[str, str]
    is_due: Callable[[date], bool]
    recent_days: int
    latest_hours: int = 240
    is_within_day: bool = False


CYCLES: Mapping[str, CycleRule] = {
    "quarter_hour": CycleRule(("每刻钟", "every quarter of an hour"), lambda _on: True, 1, is_within_day=True),
    "hour": CycleRule(("每小时", "hourly"), lambda _on: True, 1, is_within_day=True),
    "day": CycleRule(("每日", "daily"), lambda _on: True, 3),
    "week": CycleRule(("每周", "weekly"), lambda on: on.weekday() == 0, 9),
    "month": CycleRule(("每月", "monthly"), lambda on: on.day == 1, 35, 31 * 24),
    "year": CycleRule(("每年", "yearly"), lambda on: (on.month, on.day) == (1, 1), 400, 365 * 24),
}
WHOLE_DAYS = tuple(name for name, rule in CYCLES.items() if not rule.is_within_day)
