"""Three days as other programs see them: every job told by valid events that hang together, metrics that say what the report says."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from application.metrics import text
from lakehouse.contracts.loader import load_contracts
from lakehouse.ops import cases, connect, packages, tickets, timings
from lakehouse.telemetry import outbox
from lakehouse.telemetry.datasets import source_of
from lakehouse.telemetry.known import catalogue
from tests.application.prometheus import metrics, reported
from tests.lakehouse.telemetry.specification import Event, faults, reached
from tests.oracle import canaries
from tests.plugin.lived import DAYS, THIRD, Lived

pytestmark = pytest.mark.e2e
Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def events(lived_city: Lived) -> list[Event]:
    return list(outbox.kept(lived_city.instance))


def test_every_job_of_every_day_is_told_from_beginning_to_end(lived_city: Lived, events: list[Event]) -> None:
    with connect(lived_city.instance) as connection:
        ran = {(one.step, one.resource, day.isoformat()) for day in DAYS for one in timings.of_day(connection, day)}
    told: dict[str, set[Key]] = {type_: set() for type_ in ("START", "COMPLETE", "FAIL")}
    for event in events:
        if "parent" not in event["run"]["facets"]:
            told[event["eventType"]].add(key_of(event))
    assert told["START"] == ran
    assert told["COMPLETE"] | told["FAIL"] == ran
    built = builds(events)
    assert {key_of(event)[2] for event in events if event["run"]["runId"] in built} == {day.isoformat() for day in DAYS}
    tables = len(catalogue(lived_city.instance).parents)
    assert all(parts == {"START": tables, "COMPLETE": tables} for parts in built.values())


def builds(events: list[Event]) -> dict[str, Counter[str]]:
    """Return how many parts of each build of the libraries began and ended, by the id of its run; other tests build days again here."""
    found: dict[str, Counter[str]] = {}
    for event in events:
        if parent := event["run"]["facets"].get("parent"):
            found.setdefault(parent["run"]["runId"], Counter())[event["eventType"]] += 1
    return found


def test_the_specification_allows_every_event(events: list[Event]) -> None:
    assert [fault for event in events for fault in faults(event)] == []


def test_every_source_that_was_read_flows_into_packages(lived_city: Lived, events: list[Event]) -> None:
    known = catalogue(lived_city.instance)
    named = {key: (one.namespace, one.name) for key, one in known.datasets.items()}
    ends = {place for key, place in named.items() if key.startswith("packages:")}
    for code in load_contracts(lived_city.instance.settings.contracts):
        assert reached(events, named[source_of(code)]) >= ends, code


def test_no_mark_is_in_an_event(lived_city: Lived, events: list[Event]) -> None:
    marks = [mark for one in lived_city.planted for mark in one.marks]
    assert len(events) > 100
    assert len(marks) > 20
    assert canaries.leaks([outbox.folder(lived_city.instance)], marks) == {}


def test_the_metrics_say_what_the_report_says(lived: Lived) -> None:
    found, due = metrics(lived.instance), reported(lived.instance, THIRD)
    assert {name: found[name] for name in due} == due
    assert min(len(due[name]) for name in ("day_rows", "job_seconds")) > 20


def test_the_metrics_balance_and_count_what_is_open(lived: Lived) -> None:
    found = metrics(lived.instance)
    with connect(lived.instance) as connection:
        open_tickets = Counter((one.kind,) for one in tickets.find(connection, only_open=True))
        open_cases = Counter((one.kind,) for one in cases.find(connection, cases.Filter(only_open=True)))
    assert open_tickets
    assert open_cases
    assert (found["tickets_open"], found["cases_open"]) == (open_tickets, open_cases)
    assert found["ledger_imbalance_rows"][()] == 0
    assert found["ledger_received_rows"][()] == sum(found["ledger_rows"].values()) + found["ledger_waiting_rows"][()] > 1000
    assert found["days_published"][()] == len(DAYS)
    midnight = found["published_business_date_seconds"][()]
    assert datetime.fromtimestamp(midnight, lived.instance.timezone) == datetime(2026, 6, 3, tzinfo=lived.instance.timezone)
    assert 0 <= found["published_age_seconds"][()] < 24 * 3600
    assert {area for (area,) in found["disk_used_bytes"]} == {"landing", "lake", "exchange"}


def test_no_metric_has_a_recipient_or_a_mark(lived: Lived) -> None:
    said = text(lived.instance)
    with connect(lived.instance) as connection:
        whom = [one.recipient_id for one in packages.of_issue(connection, THIRD, 1)]
    assert len(whom) > 20
    assert not [one for one in whom if one in said]
    assert not [mark for one in lived.planted for mark in one.marks if mark in said]


def key_of(event: Event) -> Key:
    """Return job, resource and business date of a run."""
    told = {one["key"]: one["value"] for one in event["run"]["facets"]["executionParameters"]["parameters"]}
    resource = told.get("resource", "")
    return event["job"]["name"].removesuffix(f".{resource}" if resource else ""), resource, told["business_date"]
