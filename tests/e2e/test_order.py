"""The order in which landed batches are processed changes nothing; the order of two lines in authority.yaml changes the result."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from application.day_run import ingest_by_hand
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import silver
from lakehouse.ops import batches, connect
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read
from tests.e2e.reading import versions_in, versions_told
from tests.oracle import days as oracle_days
from tests.oracle import golden, landed
from tests.oracle.delivered import as_text
from tests.oracle.resources import CHECK, ELDERLY, RESOURCES
from tests.plugin.lived import FIRST, THIRD, Lived
from tests.plugin.servers import changed, fresh_home

pytestmark = pytest.mark.e2e
CHANGING = ("phone", "community_code", "grid_code", "locality_source")


@pytest.fixture(scope="module")
def reversed_city(lived_city: Lived, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a home with the same keys and landed bytes, in which later days were processed before the first."""
    with fresh_home(lived_city.instance, tmp_path_factory.mktemp("reversed") / "home") as other:
        shutil.copytree(lived_city.landing, other.home / "store" / "landing")
        run_job("reference", JobRequest(THIRD), other)
        codes = load_contracts(other.settings.contracts)
        late = [facts["batch_id"] for facts in landed.batches(lived_city.landing) if facts["taken_on"] > FIRST.isoformat()]
        for options in ({"batches": late}, {}):
            ingest_by_hand(other, [JobRequest(THIRD, code, options=options) for code in codes], lambda _line: None)
        run_job("libraries", JobRequest(THIRD), other)
        yield other


def test_the_other_order_gives_the_same_present_knowledge(reversed_city: Instance, lived_city: Lived) -> None:
    told, known = oracle_days.known_on(lived_city.world, landed.batches(lived_city.landing), THIRD)
    with connect(reversed_city) as connection:
        taken = {batch.batch_id for code in known for batch in batches.of_resource(connection, code)}
    assert taken == {batch["batch_id"] for batch in told}
    for resource in RESOURCES:
        present = read(open_session(reversed_city), silver(resource)).where("_replaced_on is null")
        assert versions_in(present, resource) == versions_told(known[resource], resource)


def test_the_other_order_gives_the_same_golden_values(reversed_city: Instance, lived_city: Lived) -> None:
    assert _golden(reversed_city) == _golden_of_oracle(lived_city)


def test_swapping_two_lines_of_the_authority_file_changes_golden_values_and_conflicts(
    reversed_city: Instance, lived_city: Lived, tmp_path: Path
) -> None:
    before, conflicts = _golden(reversed_city), _conflicts(reversed_city)
    contracts = _swapped(reversed_city.settings.contracts, tmp_path / "contracts")
    swapped = changed(reversed_city, contracts=contracts)
    run_job("libraries", JobRequest(THIRD), swapped)
    assert _golden(swapped) == _golden_of_oracle(lived_city, first=ELDERLY) != before
    assert _conflicts(swapped) != conflicts


def _swapped(contracts: Path, target: Path) -> Path:
    shutil.copytree(contracts, target)
    declared = yaml.safe_load((target / "authority.yaml").read_text("utf-8"))
    for field in ("phone", "residence"):
        candidates = declared["entities"]["person"]["fields"][field]["candidates"]
        places = [[one["resource"] for one in candidates].index(name) for name in (CHECK, ELDERLY)]
        candidates[places[0]], candidates[places[1]] = candidates[places[1]], candidates[places[0]]
    (target / "authority.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")
    return target


def _golden_of_oracle(lived: Lived, first: str = CHECK) -> dict[str, dict]:
    _, known = oracle_days.known_on(lived.world, landed.batches(lived.landing), THIRD)
    orders = [list(golden.PHONE), list(golden.RESIDENCE)]
    if first == ELDERLY:
        for order in orders:
            one, other = order.index(CHECK), order.index(ELDERLY)
            order[one], order[other] = order[other], order[one]
    day = golden.Day(lived.world, THIRD, *orders)
    persons = golden.persons(day, {resource: oracle_days.valid_at_end(cut, THIRD) for resource, cut in known.items()})
    return {number: {name: as_text(person[name]) for name in CHANGING} for number, person in persons.items()}


def _golden(instance: Instance) -> dict[str, dict]:
    rows = read(open_session(instance), "base.person").select("id_no", *CHANGING).collect()
    return {row["id_no"]: {name: as_text(row[name]) for name in CHANGING} for row in rows}


def _conflicts(instance: Instance) -> set[tuple]:
    rows = read(open_session(instance), "quality.conflict").select("entity_id", "field", "lost_source", "lost_value").collect()
    return {tuple(row) for row in rows}
