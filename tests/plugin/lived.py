"""Three published days of the tiny city, run step by step: what all end-to-end tests read and none may change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from application import sample, tasks
from application.backup import back_up
from application.day_run import run_by_hand
from infra.local import postgres
from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.objects import open_area
from lakehouse.returns.day_entries import leaves
from lakehouse.returns.earlier import load_earlier
from lakehouse.returns.task_requests import TaskRequest
from lakehouse.returns.wording import PENDING
from tests.oracle import canaries
from tests.oracle.rules import World
from tests.plugin.servers import at, fresh_home, serving

FIRST, SECOND, THIRD = DAYS = (date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3))
PEOPLE, SEED = 600, 1
STREET, COMMUNITY = "s-449901001", "v-449901003001"
TASKS = 5  # opened for the second day; one of them is closed for the third
FAULTLESS = """
    select person.* from base.person join silver.c_household_registration as said using (person_id)
    where said.valid_to is null and said._replaced_on is null and size(said._flags) = 0
"""


@dataclass(frozen=True)
class Lived:
    """An instance with three published days, and the inputs that the oracle reads."""

    instance: Instance
    planted: tuple[canaries.Canary, ...]  # changes delivered on the second day
    backup: Path = Path()  # made at the end of the second day, where all three were lived

    @property
    def landing(self) -> Path:
        """Return the folder of the landed bytes."""
        return self.instance.home / "store" / "landing"

    @property
    def world(self) -> World:
        """Return the effective-dated code tables and regions."""
        return World(self.instance.settings.contracts / "codes", self.instance.city_folder)


@pytest.fixture(scope="session")
def lived_city(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Return the city after three days; for what is set up once a file. A test asks for `lived`, which Spark serves."""
    with fresh_home(servers, tmp_path_factory.mktemp("lived") / "home") as home:
        sample.ensure(home, PEOPLE, SEED)
        run_job("reference", JobRequest(FIRST), home)
        planted: tuple[canaries.Canary, ...] = ()
        for day in DAYS:
            if day == SECOND:
                planted = plant(home)
                open_tasks(home)
            if day == THIRD:
                backup = back_up(home, home.home.parent / "backups").archive
                tasks.close_tasks(home, [tasks.find_tasks(home, STREET)[0].task_id], "已走访")
            sample.feed(home, day)
            run_by_hand(home, day, lambda _line: None)
        yield Lived(home, planted, backup)


@pytest.fixture
def lived(lived_city: Lived) -> Iterator[Lived]:
    """Return the city after three days; the environment names it and Spark serves its lake."""
    with at(lived_city.instance), serving(lived_city.instance):
        yield lived_city


def open_tasks(instance: Instance) -> None:
    """Open tasks of a street and of a community about the first rows of their newest lists that may have one."""
    for opener, wanted in ((STREET, TASKS - 2), (COMMUNITY, 2)):
        area, first = open_area(instance, "exchange"), (FIRST, 1)
        package = load_earlier(area, opener, first, leaves(area, *first).manifests)
        assert package is not None
        rows = package.rows("resident_list").to_pylist()
        grown = sorted(row["_row_key"] for row in rows if row["grid_code"] != PENDING and row["birth_date"] and row["birth_date"] < "2000")
        request = TaskRequest(opener, "resident_list", tuple(grown[:wanted]), 5, "月度走访")
        assert len(tasks.open_tasks(instance, request)) == wanted


def plant(instance: Instance) -> tuple[canaries.Canary, ...]:
    """Mark the registered address of people of every area, as news of the second day; rows with a label are left alone."""
    from spark_jobs.lake.session import open_session

    rows = open_session(instance).sql(FAULTLESS).collect()
    chosen = tuple(canaries.choose(row.asDict() for row in rows))
    url = instance.settings.connections.get("source_city") or postgres.dsn(instance, "source_city")
    assert canaries.plant(url, chosen, SECOND) == len(chosen)
    return chosen
