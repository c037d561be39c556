"""Who is silent and when, on a real database: a cycle is over only when its hours have passed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from lakehouse.config import PROJECT, Instance
from lakehouse.ingest.gaps import gaps
from lakehouse.ops import connect, ingest_runs
from tests.plugin.servers import changed

pytestmark = pytest.mark.spark
DAYS = [date(2026, 6, day) for day in (1, 2, 3, 4)]
NEW_YEAR = [date(2026, 12, 31), *(date(2027, 1, day) for day in (1, 2, 3))]
MONTHLY, WEEKLY, DAILY = "s_elderly_service_list", "c_standard_address", "g_grid_event"


def silent(instance: Instance, resource: str, days: list[date] = DAYS) -> dict[date, set[str]]:
    """Return the due dates of a resource's silent gaps on each day; nobody ever delivers."""
    found = {}
    for day in days:
        with connect(instance) as connection:
            ingest_runs.finish(connection, resource, day, "nothing")
            missing = gaps(connection, instance, day)
        found[day] = {gap["due_on"] for gap in missing if gap["resource"] == resource and gap["kind"] == "silent"}
    return found


def test_a_monthly_list_is_silent_after_its_hours(instance: Instance) -> None:
    assert silent(instance, MONTHLY) == dict(zip(DAYS, [set(), set(), {"2026-06-01"}, {"2026-06-01"}], strict=True))


def test_a_weekly_and_a_daily_source_are_silent_on_the_day_they_are_due(instance: Instance) -> None:
    assert list(silent(instance, WEEKLY).values()) == [{"2026-06-01"}] * 4
    assert silent(instance, DAILY) == {day: {day.isoformat()} for day in DAYS}


def test_a_yearly_list_is_silent_after_its_hours_of_the_new_year(instance: Instance, tmp_path: Path) -> None:
    """It is first due on the New Year after the city's first business date."""
    contracts = Path(shutil.copytree(PROJECT / "contracts", tmp_path / "contracts"))
    path = contracts / "resources" / "street" / f"{MONTHLY}.odcs.yaml"
    path.write_text(path.read_text("utf-8").replace("{every: month, dueHours: 72}", "{every: year, dueHours: 48}"), "utf-8")
    found = silent(changed(instance, contracts=contracts), MONTHLY, NEW_YEAR)
    assert found == dict(zip(NEW_YEAR, [set(), set(), {"2027-01-01"}, {"2027-01-01"}], strict=True))
