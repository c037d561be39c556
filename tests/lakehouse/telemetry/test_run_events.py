"""Every job is told by OpenLineage events that the specification allows, which lead from each source to the packages and hold no value."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.local import keys
from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.errors import ConfigError, QualityError
from lakehouse.ingest.intake import TakenBatch
from lakehouse.jobs import Answer, JobRequest, job_names, run_job
from lakehouse.naming import bronze, silver
from lakehouse.telemetry import outbox, run_events
from lakehouse.telemetry.datasets import Catalogue, packages_of, payload_of, source_of
from lakehouse.telemetry.flows import OF_DAY, OF_RESOURCE
from lakehouse.telemetry.known import catalogue
from spark_jobs.jobs.close_day import CloseAnswer
from spark_jobs.jobs.extract import ExtractAnswer
from spark_jobs.jobs.gate import GateAnswer, JudgedBatch
from spark_jobs.jobs.libraries import LibrariesAnswer
from spark_jobs.jobs.reference import ReferenceAnswer
from spark_jobs.jobs.returns_build import BuildAnswer
from spark_jobs.jobs.returns_prove import ProveAnswer
from spark_jobs.jobs.returns_publish import PublishAnswer
from spark_jobs.jobs.silver import SilverAnswer
from spark_jobs.lake.dbt_runs import BuiltTable
from spark_jobs.lake.tables import REFERENCE
from tests.lakehouse.telemetry.specification import Event, facets, faults, fields_reached, reached
from tests.plugin.servers import changed, tiny_instance

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)
BATCH = "0123456789abcdef0123456789abcdef"
NAME_OF_A_PERSON = "王小明"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return tiny_instance(tmp_path_factory.mktemp("told") / "home")


@pytest.fixture(scope="module")
def told(home: Instance) -> list[Event]:
    """Return the events of all jobs of a day, made from answers as the jobs give them."""
    contracts = load_contracts(home.settings.contracts)
    tell(home, "reference", None, ReferenceAnswer(tables={name: {"rows": 9, "changes": 2} for name in REFERENCE}, recipients=3))
    for code, contract in contracts.items():
        rule = contract.rules[0].id
        taken = (TakenBatch(BATCH, "office", "2026-06-01", 60),)
        judged = (JudgedBatch(BATCH, "warned", "office", 60, (rule,), {rule: 4, "batch.volume": 1}),)
        by_batch = ({"batch_id": BATCH, "received": 60, "accepted": 56, "quarantined": 4},)
        tell(home, "extract", code, ExtractAnswer(landed=1, repeated=0, rebuilt=0, refused=0, rows=60, batches=taken))
        tell(home, "gate", code, GateAnswer(batches=1, passed=0, warned=1, blocked=0, judged=judged))
        tell(home, "silver", code, SilverAnswer(batches=1, inserted=50, updated=6, by_batch=by_batch))
        tell(home, "ingest_outcome", code, Answer(outcome="accepted"))
    known = catalogue(home)
    tables = tuple(BuiltTable(table, 600, 3, 12, 2.5) for table in known.parents)
    for job, answer in {
        "close_day": CloseAnswer(outcome="closed", issue=1, gaps=0),
        "libraries": LibrariesAnswer(outcome="built", tables=tables),
        "returns_build": BuildAnswer(outcome="built", recipients=34, created=5, referred=9),
        "returns_prove": ProveAnswer(outcome="proved", forms=3, decoded=3),
        "returns_publish": PublishAnswer(outcome="published", issue=1, packages=34),
        "invariants": Answer(outcome="hold"),
    }.items():
        tell(home, job, None, answer)
    return list(outbox.kept(home))


def tell(instance: Instance, job: str, resource: str | None, answer: Answer) -> run_events.Run:
    """Tell a run from its beginning to its end."""
    run = run_events.Run(job, DAY, resource, 1, datetime.now(UTC))
    run_events.began(instance, run)
    run_events.ended(instance, run, answer.facts())
    return run


def of(events: list[Event], job: str, type_: str = "COMPLETE") -> Event:
    """Return the one event of a job and type."""
    (found,) = [one for one in events if one["job"]["name"] == job and one["eventType"] == type_]
    return found


def test_the_specification_allows_every_event(told: list[Event]) -> None:
    assert [fault for event in told for fault in faults(event)] == []
    seen = {where.rpartition(" ")[2] for event in told for where, _ in facets(event)}
    assert seen >= {"schema", "columnLineage", "dataQualityAssertions", "outputStatistics", "nominalTime", "processing_engine", "ownership"}


def test_what_the_specification_does_not_allow_is_found(told: list[Event]) -> None:
    broken = json.loads(json.dumps(of(told, "close_day")))
    broken["run"]["runId"] = 7
    broken["run"]["facets"]["nominalTime"].pop("nominalStartTime")
    del broken["outputs"][0]["namespace"]
    assert len(faults(broken)) == 3


def test_every_job_has_a_flow() -> None:
    assert {*OF_RESOURCE, *OF_DAY} == set(job_names())


def test_a_run_begins_and_ends_under_one_id(told: list[Event]) -> None:
    by_run: dict[str, list[str]] = {}
    for event in told:
        by_run.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert set(map(tuple, by_run.values())) == {("START", "COMPLETE")}
    assert {one["job"]["namespace"] for one in told} == {"huiliu.tiny"}


def test_every_source_flows_into_packages(home: Instance, told: list[Event]) -> None:
    known = catalogue(home)
    ends = {name_of(known, key) for key in known.datasets if key.startswith("packages:")}
    assert len(ends) > 3
    for code in load_contracts(home.settings.contracts):
        found = reached(told, name_of(known, source_of(code)))
        assert {name_of(known, bronze(code)), name_of(known, silver(code))} <= found
        assert found & ends, code


def test_a_column_is_followed_from_its_source_to_a_payload(home: Instance, told: list[Event]) -> None:
    known = catalogue(home)
    for code in ("c_household_registration", "s_elderly_service_list"):
        contract = load_contracts(home.settings.contracts)[code]
        start = (*name_of(known, source_of(code)), contract.column("id_no").source_name)
        payloads = {name_of(known, payload_of(one)) for one in known.returns}
        found = {one for one in fields_reached(told, start) if one[:2] in payloads}
        assert "id_no" in {field for *_, field in found}


def test_the_gate_tells_each_rule_with_its_count(home: Instance, told: list[Event]) -> None:
    contract = load_contracts(home.settings.contracts)["s_elderly_service_list"]
    (read,) = of(told, f"gate.{contract.code}")["inputs"]
    assertions = {one["name"]: one for one in read["inputFacets"]["dataQualityAssertions"]["assertions"]}
    assert set(assertions) == {*(rule.id for rule in contract.rules), "batch.volume"}
    first, second = contract.rules[:2]
    assert (assertions[first.id]["success"], assertions[first.id]["actual"]) == (False, "4")
    assert (assertions[second.id]["success"], assertions[second.id]["column"]) == (True, second.column)
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 60


def test_a_library_is_a_run_of_its_own_inside_the_build(home: Instance, told: list[Event]) -> None:
    whole = of(told, "libraries")
    parts = [one for one in told if one["job"]["name"].startswith("libraries.") and one["eventType"] == "COMPLETE"]
    assert len(parts) == len(catalogue(home).parents)
    assert {one["run"]["facets"]["parent"]["run"]["runId"] for one in parts} == {whole["run"]["runId"]}
    counts = {one["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] for one in parts}
    assert counts == {12}
    assert all(one["outputs"][0]["facets"]["version"]["datasetVersion"] == "3" for one in parts)


def test_the_business_date_is_the_nominal_time_in_the_city(told: list[Event]) -> None:
    nominal = of(told, "close_day")["run"]["facets"]["nominalTime"]
    assert (nominal["nominalStartTime"], nominal["nominalEndTime"]) == ("2026-06-01T00:00:00+08:00", "2026-06-02T00:00:00+08:00")


def test_a_return_left_out_is_not_written(home: Instance) -> None:
    known = catalogue(home)
    first, *others = known.returns
    before = len(list(outbox.kept(home)))
    tell(home, "returns_build", None, BuildAnswer(outcome="built", left_out={first: "a reason"}))
    last = list(outbox.kept(home))[before:][-1]
    assert {one["name"] for one in last["outputs"]} == {known.datasets[payload_of(one)].name for one in others}


def test_a_final_day_is_only_read(home: Instance) -> None:
    tables = tuple(BuiltTable(table, 600, 3) for table in catalogue(home).parents)
    for job, answer in {
        "libraries": LibrariesAnswer(outcome="final", tables=tables),
        "returns_build": BuildAnswer(outcome="final", compared=True),
        "returns_publish": PublishAnswer(outcome="final", packages=34),
    }.items():
        before = len(list(outbox.kept(home)))
        tell(home, job, None, answer)
        begun, ended = list(outbox.kept(home))[before:]
        assert (begun["inputs"] != [], ended["inputs"] != [], ended["outputs"]) == (True, True, [])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (QualityError("batch 0123: rows are missing."), "batch 0123: rows are missing."),
        (ValueError(f"{NAME_OF_A_PERSON} is no number"), "ValueError; the full message is in the log of the job."),
    ],
)
def test_a_failure_is_told_without_values(tmp_path: Path, error: Exception, message: str) -> None:
    instance = tiny_instance(tmp_path / "home")
    run = run_events.Run("silver", DAY, "s_elderly_service_list", 2, datetime.now(UTC))
    run_events.began(instance, run)
    run_events.failed(instance, run, error)
    _, event = outbox.kept(instance)
    assert (event["eventType"], event["run"]["facets"]["errorMessage"]["message"]) == ("FAIL", message)
    assert faults(event) == []
    assert NAME_OF_A_PERSON not in json.dumps(event, ensure_ascii=False)


def test_a_job_that_cannot_even_be_recorded_is_told_as_failed(tmp_path: Path) -> None:
    instance = tiny_instance(tmp_path / "home")
    keys.ensure(instance)
    with pytest.raises(ConfigError, match="does not answer"):
        run_job("close_day", JobRequest(DAY), instance)
    begun, ended = outbox.kept(instance)
    assert (begun["eventType"], ended["eventType"]) == ("START", "FAIL")
    assert begun["run"]["runId"] == ended["run"]["runId"]
    assert ended["run"]["facets"]["errorMessage"]["message"].startswith("operational database:")


def test_events_that_cannot_be_kept_fail_nothing_and_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    instance = tiny_instance(tmp_path / "home")
    (tmp_path / "a file").write_text("", "utf-8")
    tell(changed(instance, openlineage_folder=tmp_path / "a file"), "close_day", None, CloseAnswer(outcome="closed", issue=1, gaps=0))
    assert "the event cannot be written (FileExistsError)" in caplog.text


def test_declarations_are_described_again_only_when_they_change(tmp_path: Path) -> None:
    instance = tiny_instance(tmp_path / "home")
    before = catalogue(instance)
    kept = instance.home / "derived" / "openlineage.json"
    first = kept.stat().st_mtime_ns
    again = Instance(instance.settings)
    assert catalogue(again) == before
    assert kept.stat().st_mtime_ns == first
    elsewhere = changed(instance, connections={"source_city": "postgresql://clerk:a-secret@register:5433/city"})
    assert name_of(catalogue(elsewhere), source_of("c_household_registration")) == (
        "postgres://register:5433",
        "city.public.household_registration",
    )
    assert "a-secret" not in kept.read_text("utf-8")


def test_a_bucket_is_a_namespace_of_its_own(tmp_path: Path) -> None:
    known = catalogue(tiny_instance(tmp_path / "home", store="minio"))
    assert name_of(known, silver("v_resident_ledger")) == ("s3://huiliu-lake", "silver/v_resident_ledger")
    assert name_of(known, packages_of("street")) == ("s3://huiliu-exchange", "street")


def test_telling_a_job_takes_milliseconds(home: Instance, told: list[Event]) -> None:
    assert told
    answer = ExtractAnswer(landed=1, repeated=0, rebuilt=0, refused=0, rows=60, batches=())
    times = []
    for _ in range(5):
        before = time.process_time()
        tell(home, steps.INGEST[0], "s_elderly_service_list", answer)
        times.append(time.process_time() - before)
    assert min(times) < 0.03


def name_of(known: Catalogue, key: str) -> Any:
    """Return namespace and name of a dataset."""
    return known.datasets[key].namespace, known.datasets[key].name
