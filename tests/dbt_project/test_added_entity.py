"""A further kind of entity is its contracts, its lines of authority.yaml, its dbt model and schema; everything else follows from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import Row

from application import contracts, docs, report
from application.ingest import Handed, take
from application.lineage import trace
from application.pages import report as page
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.derive import dbt
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import connect, days
from lakehouse.returns.model import load_sound_returns
from lakehouse.returns.suppliers import contracts_behind
from spark_jobs.jobs import libraries
from spark_jobs.lake import dbt_runs, session, storage
from tests.dbt_project.lake import ADDRESSES, Silver
from tests.dbt_project.vehicles import COLUMNS, INSPECTION, LIBRARY, REGISTER, add_vehicles
from tests.plugin.servers import at, changed, fresh_home, tiny_instance

DAY = date(2026, 6, 1)
COMMUNITY, OTHER = "449901001001", "449901001002"
REGISTERED = """\
vin,plate_no,colour_code,owner_id_no,garage_address
V1,粤Z00001,1,44990119900307001X,人民路12号3栋1单元501房
V2,粤Z00002,2,,码头边
"""
INSPECTED = f"vin,colour_code,community_code\nV1,2,{OTHER}\nV2,2,{OTHER}\nV9,1,{COMMUNITY}\n"


@pytest.fixture
def widened(tmp_path: Path) -> Instance:
    """Return an instance, not running, of the tiny city with vehicles."""
    return tiny_instance(tmp_path / "home", **add_vehicles(tmp_path))


@pytest.mark.fast
def test_all_declarations_stand_and_the_dictionary_has_it(widened: Instance) -> None:
    assert contracts.check(widened).problems == ()
    text = docs.write_dictionary(widened).read_text("utf-8")
    section = re.search(rf'<section id="{re.escape(LIBRARY)}".*?</section>', text, re.DOTALL)
    assert section
    assert re.findall(r'<th scope="row"><code>([^<]+)</code>', section[0]) == list(COLUMNS)
    colour = re.search(r"<code>colour_code</code>(.*?)</tr>", section[0], re.DOTALL)
    assert colour
    assert re.search("机动车登记.*机动车查验", colour[1], re.DOTALL)  # the order of authority


@pytest.mark.fast
def test_rules_and_returns_know_it(widened: Instance) -> None:
    folder = widened.settings.contracts
    found = load_contracts(folder)
    (missing,) = found[INSPECTION].references
    assert (missing.message_zh, missing.message_en) == ("车辆库中没有该车辆识别代号", "number of the vehicle names no known vehicle")
    authority = load_authority(folder / "authority.yaml", found)
    assert set(contracts_behind(load_sound_returns(folder / "returns")[0]["vehicle_list"], authority, found)) == {REGISTER, INSPECTION}


@pytest.mark.fast
def test_without_its_library_it_is_refused(widened: Instance) -> None:
    model = widened.settings.dbt_project / "models" / "base" / "vehicle.yml"
    model.write_text(model.read_text("utf-8").replace("name: vin,", "name: vin_no,"), "utf-8")
    told = "\n".join(contracts.check(widened).problems)
    assert "authority.yaml: vehicle.id:\n  vin is no column of base.vehicle.\n  Allowed: vin_no" in told
    model.with_suffix(".sql").unlink()
    assert "authority.yaml: vehicle:\n  there is no library base.vehicle." in "\n".join(contracts.check(widened).problems)


@pytest.fixture(scope="module")
def home(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a home of the tiny city with vehicles."""
    folder = tmp_path_factory.mktemp("vehicles")
    with fresh_home(servers, folder / "home") as plain, at(instance := changed(plain, **add_vehicles(folder))):
        yield instance
        session.close_sessions()


@pytest.fixture(scope="module")
def built(home: Instance, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """Take in a file of each resource, build the libraries, and return the rows of those that hold something of vehicles."""
    run_job("reference", JobRequest(DAY), home)
    silver = Silver()
    parts = {"road_name": "人民路", "door_no": "12", "building_no": "3", "unit_no": "1", "room_no": "501"}
    silver.add(ADDRESSES, "2026-06-01", address_id="A1", community_code=COMMUNITY, status="启用", **parts)
    spark = session.open_session(home)
    silver.write(spark, home)
    folder = tmp_path_factory.mktemp("delivered")
    for resource, text in ((REGISTER, REGISTERED), (INSPECTION, INSPECTED)):
        (folder / f"{resource}.csv").write_text(text, "utf-8")
        assert take(home, Handed(resource, (str(folder / f"{resource}.csv"),), DAY)).is_let_in
    libraries.run(home, JobRequest(DAY))
    with connect(home) as connection:
        days.close(connection, DAY, 1, [])
        days.publish(connection, DAY, 1, "0" * 64)
    tables = (LIBRARY, "quality.conflict", "quality.missing_reference")
    return {table: sorted(storage.read(spark, table).collect(), key=str) for table in tables}


@pytest.mark.dbt
def test_its_golden_values_places_conflicts_and_references_are_there(built: dict[str, list[Row]]) -> None:
    golden = {row.vin: row for row in built[LIBRARY]}
    place = {vin: (row.garage_address_id, row.community_code, row.locality_source, row.locality_confidence) for vin, row in golden.items()}
    assert place == {"V1": ("A1", COMMUNITY, REGISTER, 3), "V2": (None, OTHER, INSPECTION, 2)}
    assert {vin: (row.plate_no, row.colour_code, row.owner_person_id is None) for vin, row in golden.items()} == {
        "V1": ("粤Z00001", "1", False),
        "V2": ("粤Z00002", "2", True),
    }
    lost = [(row.entity, row.entity_id, row.field, row.kept_value, row.lost_value, row.lost_source) for row in built["quality.conflict"]]
    assert sorted(lost) == [
        ("vehicle", "V1", "colour_code", "1", "2", INSPECTION),
        ("vehicle", "V1", "garage", COMMUNITY, OTHER, INSPECTION),
    ]
    missing = [(row.resource, row.column_name, row.target) for row in built["quality.missing_reference"]]
    assert missing == [(INSPECTION, "vin", "vehicle"), (REGISTER, "owner_id_no", "person")]


@pytest.mark.dbt
@pytest.mark.usefixtures("built")
def test_its_values_are_traced_and_the_report_calls_it_by_its_name(home: Instance) -> None:
    found = trace(home, LIBRARY, "V1", "colour_code")
    assert [(one.role, one.resource, one.line, one.cells) for one in found.fields["colour_code"]] == [
        ("golden", REGISTER, 2, ("colour_code",)),
        ("lost", INSPECTION, 2, ("colour_code",)),
    ]
    assert {one["return_id"] for one in found.packages} == {"vehicle_list"}
    assert {role for role, _ in ((one.role, one) for one in trace(home, LIBRARY, "V1", "community_code").fields["garage"])} == {
        "golden",
        "lost",
    }
    told = page.view(report.collect(home, DAY).facts(), {})["references"]
    assert {one["target"] for one in told} == {("车辆", "vehicle"), ("人口", "person")}


@pytest.mark.dbt
@pytest.mark.usefixtures("built")
def test_unit_tests_written_before_it_pass_with_it(home: Instance) -> None:
    project, day = home.folder("derived", "dbt"), dbt.Run(DAY, home.timezone, "4499", "file:///nowhere", "sc://nowhere")
    result = dbt_runs.invoke(project, day, ["test", "--select", "quality,test_type:unit"])
    ended = {one.node.name: str(one.status) for one in result.result if one.node.resource_type == "unit_test"}
    assert ended == {"conflict_names_what_was_kept_and_what_lost": "pass"}
