"""A city of Chongqing's shape lives a day: it is a province itself, and no prefecture level lies between it and its districts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from application import sample
from application.day_run import run_by_hand
from lakehouse.city.departments import load_departments
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import batches, connect, days
from tests.e2e.reading import gaps, packages, rows_of
from tests.oracle import days as oracle_days
from tests.oracle import golden, landed
from tests.oracle.delivered import as_text
from tests.plugin.lived import FIRST, SEED, Lived
from tests.plugin.servers import at, fresh_home, serving

pytestmark = pytest.mark.e2e
PEOPLE = 200
PLACE = [f"{level}_code" for level in golden.LEVELS]
FIELDS = [*PLACE, "locality_source", "locality_confidence", "hukou_region_code", "is_local_hukou"]
SERVED = {"province": 1, "district": 2, "civil_affairs": 2, "street": 4, "community": 8, "grid": 16}
BUREAUS = {
    "c_household_registration": "public_security",
    "c_residence_permit": "public_security",
    "c_enterprise_registration": "market_regulation",
    "c_standard_address": "natural_resources",
    "g_grid_event": "grid_centre",
    "g_person_check": "grid_centre",
}


@pytest.fixture(scope="module")
def municipality(servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with fresh_home(servers, tmp_path_factory.mktemp("municipality") / "home", "municipality") as home, at(home):
        sample.ensure(home, PEOPLE, SEED)
        run_job("reference", JobRequest(FIRST), home)
        sample.feed(home, FIRST)
        run_by_hand(home, FIRST, print)
        with serving(home):
            yield Lived(home, ())


def test_the_day_is_published_and_every_batch_came_from_an_office_of_the_city(municipality: Lived) -> None:
    offices = {one.uscc: one for one in load_departments(municipality.instance.city_folder)}
    with connect(municipality.instance) as connection:
        taken = batches.taken_on(connection, FIRST)
        newest = days.newest_issue(connection, FIRST)
    assert newest is not None
    assert newest.state == "published"
    assert gaps(municipality.instance, FIRST, "failed") == gaps(municipality.instance, FIRST, "contract") == set()
    kinds = {batch.resource: offices[batch.provider].kind for batch in taken}
    assert {resource: kinds[resource] for resource in BUREAUS} == BUREAUS
    [missing] = gaps(municipality.instance, FIRST, "silent", "p_disability_certificate")  # its API fails on the first day
    assert offices[missing or ""].kind == "disabled_federation"
    assert {offices[batch.provider].region_code for batch in taken if batch.resource == "d_assistance_approval"} == {"590101", "590102"}


def test_localities_and_local_registration_are_the_oracles(municipality: Lived) -> None:
    _, known = oracle_days.known_on(municipality.world, landed.batches(municipality.landing), FIRST)
    held = {resource: oracle_days.valid_at_end(cut, FIRST) for resource, cut in known.items()}
    theirs = golden.persons(golden.Day(municipality.world, FIRST), held)
    rows = rows_of(municipality, "base.person", FIRST)
    assert {row["id_no"]: {name: as_text(row[name]) for name in FIELDS} for row in rows} == {
        number: {name: as_text(person[name]) for name in FIELDS} for number, person in theirs.items()
    }
    assert {(row["province_code"], row["city_code"]) for row in rows if row["district_code"]} == {("59", None)}
    assert {row["district_code"] for row in rows if row["grid_code"]} == {"590101", "590102"}
    local = Counter(bool(row["is_local_hukou"]) for row in rows if row["hukou_region_code"])
    registered = Counter(row["hukou_region_code"].startswith("59") for row in rows if row["hukou_region_code"])
    assert local == registered
    assert len(local) == 2


def test_every_region_gets_its_package_and_the_province_waits_for_no_city(municipality: Lived) -> None:
    told = [manifest for manifest, _ in packages(municipality, FIRST)]
    assert Counter("civil_affairs" if "department_uscc" in one["recipient"] else one["recipient"]["level"] for one in told) == SERVED
    [summary] = next(one["returns"] for one in told if one["recipient"]["level"] == "province")
    assert summary["pending_locality"] == 0
    assert next(form["rows"] for form in summary["forms"] if form["form"] == "rows") == (2 + 4) * 8
