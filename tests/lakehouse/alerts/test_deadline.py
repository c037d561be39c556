"""A day that is not published by its hour: counted on the city's clock, never under a manual one unless the profile asks for it."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lakehouse.alerts.facts import overdue
from lakehouse.config import PROJECT, Instance
from tests.plugin.servers import settings

pytestmark = pytest.mark.fast

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)


def city(folder: Path, clock: str, more: str = "") -> Instance:
    shutil.copytree(PROJECT / "cities" / "tiny", folder / "tiny")
    profile = folder / "tiny" / "city.yaml"
    profile.write_text(profile.read_text("utf-8").replace("clock: manual", f"clock: {clock}") + more, "utf-8")
    return Instance(settings(home=folder / "home", cities=folder))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=SHANGHAI)


def test_a_day_is_late_at_nine_of_the_next_day_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    real = city(tmp_path, "wall")
    assert overdue(real, None, at(2, 8, 59)) == []
    assert overdue(real, None, at(2, 9)) == [FIRST]
    assert overdue(real, FIRST, at(2, 9)) == []
    assert overdue(real, FIRST, at(4, 10)) == [SECOND, THIRD]


def test_a_sample_city_is_never_late(tmp_path: Path) -> None:
    assert overdue(city(tmp_path, "manual"), None, at(30, 12)) == []


def test_the_hour_of_the_profile_counts_under_any_clock(tmp_path: Path) -> None:
    asked = city(tmp_path, "manual", "published_by_hours: 30\n")
    assert overdue(asked, None, at(2, 5, 59)) == []
    assert overdue(asked, None, at(2, 6)) == [FIRST]
