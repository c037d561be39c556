"""What the real scheduler does with a day: the command line only watches, a red task is cleared, dates are backfilled."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from huiliu import report, sample
from huiliu.days import run_through_airflow
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.naming import ingest_dag, silver
from lakehouse.ops import batches, connect, days, tickets
from lakehouse.orchestrator import Orchestrator
from spark_jobs.storage import versions
from tests.e2e.conftest import DAYS, FIRST, SECOND, THIRD, Lived
from tests.oracle.sources import ASSISTANCE, CERTIFICATE, CHECK, ELDERLY, ENTERPRISE, EVENT, HOUSEHOLD, LEDGER, PERMIT

pytestmark = pytest.mark.e2e
FOURTH, FIFTH, SIXTH = (THIRD + timedelta(days=n) for n in (1, 2, 3))
PATIENCE_SECONDS = 1200  # an upper bound: a machine may be busy with the other half of the suite


def test_every_day_is_published_and_every_invariant_holds(lived: Lived) -> None:
    for day in DAYS:
        found = report.collect(lived.instance, day)
        assert report.is_well(found), found["invariants"]
        assert [one["id"] for one in found["invariants"]] == ["I1", "I2", "I3", "I4", "I5", "I6", "I7"]
        assert found["truth"]["gate"]["recall"] == found["truth"]["gate"]["precision"] == 1.0


def test_the_silent_street_and_the_late_one_are_gaps_with_tickets(lived: Lived) -> None:
    silent = {day: _gaps(lived.instance, day, "silent", ELDERLY) for day in (FIRST, SECOND)}
    assert len(silent[FIRST]) == 2  # one sends nothing, one a day late
    assert len(silent[SECOND]) == 1
    assert silent[SECOND] < silent[FIRST]
    with connect(lived.instance) as connection:
        found = [ticket for ticket in tickets.find(connection, kind="silent") if ticket.resource == ELDERLY]
    told = {ticket.provider: ticket.state for ticket in found}
    assert told == {provider: "open" if provider in silent[SECOND] else "closed" for provider in silent[FIRST]}


def test_a_failing_api_and_a_silent_sender_are_gaps_of_the_first_day_only(lived: Lived) -> None:
    failing = {day: _gaps(lived.instance, day, "silent", CERTIFICATE) for day in (FIRST, SECOND)}
    assert (len(failing[FIRST]), failing[SECOND]) == (1, set())
    assert len(_gaps(lived.instance, FIRST, "silent", LEDGER)) == 1


def test_nothing_starts_by_itself_under_a_manual_clock(lived: Lived) -> None:
    started = Orchestrator(lived.instance).runs(FIRST)
    assert started
    today = datetime.now(lived.instance.timezone).date()
    assert not [run for day in (today - timedelta(days=1), today) for run in Orchestrator(lived.instance).runs(day)]


def test_a_red_gate_is_a_gap_and_clearing_it_closes_the_day_again(lived: Lived) -> None:
    instance = lived.instance
    sample.feed(instance, FOURTH)
    resources = list(load_contracts(instance.settings.contracts))
    before = versions(instance, [silver(code) for code in resources])
    workshop = instance.home / "derived" / "gx"
    workshop.rename(workshop.with_name("gx.away"))
    workshop.write_text("a file where Great Expectations needs a folder")
    try:
        run_through_airflow(instance, FOURTH, lambda _line: None)
    finally:
        workshop.unlink()
        workshop.with_name("gx.away").rename(workshop)
    orchestrator = Orchestrator(instance)
    red = {run.dag_id: [t.task_id for t in orchestrator.tasks(run) if t.state == "failed"] for run in orchestrator.runs(FOURTH)}
    with connect(instance) as connection:
        delivered = {batch.resource for batch in batches.taken_on(connection, FOURTH)}
    assert {HOUSEHOLD, ENTERPRISE, PERMIT, ASSISTANCE, CHECK, EVENT} <= delivered
    assert {dag: tasks for dag, tasks in red.items() if tasks} == {ingest_dag(code): ["gate"] for code in delivered}
    assert versions(instance, before) == before
    assert _issue(instance, FOURTH) == (1, "published")
    assert len(_gaps(instance, FOURTH, "failed")) == 1  # no provider: the whole resource

    for run in orchestrator.runs(FOURTH):
        if run.dag_id.startswith("ingest__"):
            orchestrator.clear(run)
    _until(lambda: (_issue(instance, FOURTH) or (0,))[1:] == ("published",) and not _gaps(instance, FOURTH, "failed"))
    assert (_issue(instance, FOURTH) or (0,))[0] > 1


def test_two_dates_are_backfilled_in_order(lived: Lived) -> None:
    instance = lived.instance
    sample.feed(instance, SIXTH)
    orchestrator = Orchestrator(instance)
    for dag_id in [*(ingest_dag(code) for code in load_contracts(instance.settings.contracts)), "close_day"]:
        orchestrator.backfill(dag_id, FIFTH, SIXTH)
    _until(lambda: _issue(instance, SIXTH) == (1, "published"))
    with connect(instance) as connection:
        fifth, sixth = (days.newest_issue(connection, day) for day in (FIFTH, SIXTH))
    assert fifth is not None
    assert sixth is not None
    assert fifth.published_at is not None
    assert sixth.published_at is not None
    assert fifth.published_at < sixth.published_at


def _gaps(instance: Instance, day: date, kind: str, resource: str = "") -> set[str | None]:
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
    assert newest is not None
    return {gap["provider"] for gap in newest.gaps if gap["kind"] == kind and resource in ("", gap["resource"])}


def _issue(instance: Instance, day: date) -> tuple[int, str] | None:
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
    return (newest.issue, newest.state) if newest else None


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not so within {PATIENCE_SECONDS} s"
        time.sleep(1)
