"""The telemetry program runs under the supervisor beside the real database and serves what that holds: what the report says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from application import services
from application.pages import start
from infra.local.supervision import Supervisor
from lakehouse.city.reference import all_recipients
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from lakehouse.ops import batches, cases, connect, days, facts, packages, recipients, tickets, timings
from lakehouse.ops.batches import Counts, Gate, Landed
from tests.application.prometheus import metrics, reported
from tests.infra.modes import assert_closed
from tests.plugin.servers import alive, processes, tiny_instance

pytestmark = pytest.mark.e2e
DAY = date(2026, 6, 2)
GAP = {"resource": "b_list", "provider": None, "kind": "silent", "due_on": "2026-06-02", "batch_id": None}
DONE: list[tuple[str, Gate | None, Counts | None]] = [
    ("passed", "passed", Counts(accepted=90, quarantined=6, rejected=1, duplicate=2, superseded=1)),
    ("warned", "warned", Counts(accepted=100)),
    ("blocked", "blocked", Counts(held=100)),
    ("waits", None, None),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return an instance with only PostgreSQL and the telemetry program; nothing of it is left at the end."""
    instance = tiny_instance(tmp_path_factory.mktemp("telemetry") / "home")
    family: list[psutil.Process] = []
    try:
        services.start(instance, ("postgres", "telemetry"))
        family = processes(instance)
        yield instance
    finally:
        services.stop(instance)
    assert alive(family) == []
    assert_closed(instance.home)


@pytest.fixture(scope="module")
def recorded(running: Instance) -> Instance:
    """Return the instance with the records of a day of several batches, published with gaps."""
    with connect(running) as connection:
        for number, (name, gate, counts) in enumerate(DONE, 1):
            landed = Landed(name, "a_list" if number < 3 else "b_list", "office", DAY, name, number, DAY, f"{name}.csv", 9, 100)
            batches.add(connection, [landed])
            if gate is not None:
                batches.record_gate(connection, name, gate, counts)
        raised = [cases.Raised("a_list", "office", DAY, "passed", line, f"key {line}", ["phone.pattern"]) for line in range(1, 7)]
        cases.raise_rows(connection, [*raised, cases.Raised("a_list", "office", DAY, "passed", 9, None, ["reject.too_short"])], DAY)
        for subject in ("b_list a", "b_list b"):
            tickets.open_ticket(connection, tickets.NewTicket("silent", subject, DAY, "nothing came", "b_list"))
        tickets.open_ticket(connection, tickets.NewTicket("blocked", "blocked", DAY, "blocked", "b_list", "office"))
        days.close(connection, DAY, 1, [GAP])
        bureau = recipients.Recipient(
            recipient_id="m-bureau", level="district", name="", region_code=None, department_uscc="bureau", valid_from=DAY, valid_to=None
        )
        whom = [*all_recipients(load_regions(running.city_folder)), bureau]
        recipients.put(connection, whom)
        made = [(one.recipient_id, "department" if one.department_uscc else one.level) for one in whom]
        packages.put(connection, [packages.Package(name, DAY, 1, level, name, 3, 10, 2, 1, 500, 90) for name, level in made])
        days.publish(connection, DAY, 1, "0" * 64)
        facts.record(connection, DAY, "invariants", [{"id": "I1", "ok": True, "detail": ""}, {"id": "I2", "ok": False, "detail": "x"}])
        facts.record(connection, DAY, "left_out", [{"return_id": "r_net", "reason": "x"}])
        for attempt, seconds in ((1, 4.5), (2, 1.25)):
            timings.record(
                connection, timings.Timing(DAY, "extract", "a_list", attempt, seconds, datetime(2026, 6, 3, attempt, tzinfo=UTC))
            )
    return running


def test_the_metrics_say_what_the_report_says(recorded: Instance) -> None:
    found, due = metrics(recorded), reported(recorded, DAY)
    assert {name: found[name] for name in due} == due
    assert due["day_batches"] == {("passed", "a_list"): 1, ("warned", "a_list"): 1, ("blocked", "b_list"): 1, ("open", "b_list"): 1}
    assert due["job_seconds"] == {("extract", "a_list"): 1.25}
    assert set(due["day_packages"]) == {("district",), ("street",), ("community",), ("grid",), ("department",)}


def test_the_metrics_balance_and_count_what_is_open(recorded: Instance) -> None:
    found = metrics(recorded)
    assert found["tickets_open"] == {("blocked",): 1, ("silent",): 2}
    assert found["cases_open"] == {("quarantined",): 6, ("rejected",): 1}
    assert (found["ledger_received_rows"], found["ledger_waiting_rows"]) == ({(): 400}, {(): 100})
    assert found["ledger_rows"]["held",] == 100
    assert found["ledger_imbalance_rows"] == {(): 0}
    with connect(recorded) as connection:
        batches.record_gate(connection, "passed", "passed", Counts(accepted=93))
    assert metrics(recorded)["ledger_imbalance_rows"] == {(): 7}


def test_the_same_program_serves_the_start_page_and_no_file_beside_the_pages(running: Instance) -> None:
    start.write(running)
    address = services.start_page(running)
    assert services.status(running).addresses["start_page"] == address
    page = httpx.get(address, trust_env=False, follow_redirects=True, timeout=30)
    assert (page.status_code, page.url.path) == (200, "/docs/start.html")
    assert "公共数据回流" in page.text
    refused = [
        httpx.get(f"{address}{path}", trust_env=False, timeout=30)
        for path in ("instance.json", "keys/signing.pub", "docs/%2e%2e/%2e%2e/instance.json")
    ]
    assert [one.status_code for one in refused] == [404, 404, 404]


def test_metrics_are_served_as_long_as_their_program_runs(running: Instance) -> None:
    address = services.addresses(running)["metrics"]
    served = {family.name: family.samples for family in text_string_to_metric_families(_served(address))}
    assert served["huiliu_ledger_readable"][0].value == 1
    assert {one.labels["component"] for one in served["huiliu_component_up"] if one.value} == {"postgres", "telemetry"}
    assert {one.labels["program"] for one in served["huiliu_program_memory_bytes"] if one.value} == {"postgres", "telemetry"}
    services.stop(running, ("telemetry",))
    with pytest.raises(httpx.ConnectError):
        _served(address)
    assert Supervisor(running).states()["postgres"] == "RUNNING"


def _served(address: str) -> str:
    return httpx.get(address, trust_env=False, timeout=30).raise_for_status().text
