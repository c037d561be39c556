"""Days on the real scheduler: the command line only watches, a failed task is cleared, dates are backfilled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest

from application import report, sample
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.naming import ingest_dag, silver
from lakehouse.ops import batches, connect, days, ingest_runs, tickets
from lakehouse.orchestrator import Orchestrator, Run
from spark_jobs.lake.storage import versions
from tests.e2e.conftest import DAYS, FIRST, SECOND, THIRD, Lived
from tests.oracle.resources import ADDRESS, ASSISTANCE, CERTIFICATE, CHECK, ELDERLY, ENTERPRISE, EVENT, HOUSEHOLD, LEDGER, PERMIT

pytestmark = pytest.mark.e2e
FOURTH, FIFTH = (THIRD + timedelta(days=n) for n in (1, 2))
PATIENCE_SECONDS = 1200  # generous, because the machine may be busy with the other half of the suite


def test_every_day_is_published_and_every_invariant_holds(lived: Lived) -> None:
    for day in DAYS:
        found = report.collect(lived.instance, day)
        assert report.is_well(found), found["invariants"]
        assert [one["id"] for one in found["invariants"]] == ["I1", "I2", "I3", "I4", "I5", "I6", "I7"]
        assert found["truth"]["gate"]["recall"] == found["truth"]["gate"]["precision"] == 1.0


def test_the_silent_street_and_the_late_one_are_gaps_with_tickets(lived: Lived) -> None:
    silent = {day: _gaps(lived.instance, day, "silent", ELDERLY) for day in (FIRST, SECOND)}
    assert len(silent[FIRST]) == 2  # one street sends nothing, one a day late
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


@dataclass(frozen=True)
class Backfilled:
    """Two dates run by one backfill while every gate failed; the first date already takes in all that is ready at the source."""

    instance: Instance
    silver_before: dict[str, int]  # table -> version

    def delivered(self, day: date) -> set[str]:
        """Return the resources of which the run of a date took in a delivery."""
        with connect(self.instance) as connection:
            return {batch.resource for batch in batches.taken_on(connection, day)}

    def runs(self, day: date, resources: set[str]) -> list[Run]:
        """Return the ingest runs of a date and of these resources."""
        wanted = {ingest_dag(code) for code in resources}
        return [run for run in Orchestrator(self.instance).runs(day) if run.dag_id in wanted]


@pytest.fixture(scope="module")
def backfilled(lived: Lived) -> Backfilled:
    """Return the two dates when both are published."""
    instance = lived.instance
    sample.feed(instance, FIFTH)
    resources = list(load_contracts(instance.settings.contracts))
    before = versions(instance, [silver(code) for code in resources])
    workshop = instance.home / "derived" / "gx"
    workshop.rename(workshop.with_name("gx.away"))
    workshop.write_text("a file where Great Expectations needs a folder")
    try:
        for dag_id in [*(ingest_dag(code) for code in resources), "close_day"]:
            Orchestrator(instance).backfill(dag_id, FOURTH, FIFTH)
        _until(lambda: _issue(instance, FIFTH) == (1, "published"))
    finally:
        workshop.unlink()
        workshop.with_name("gx.away").rename(workshop)
    return Backfilled(instance, before)


def test_two_dates_are_backfilled_in_order(backfilled: Backfilled) -> None:
    with connect(backfilled.instance) as connection:
        fourth, fifth = (days.newest_issue(connection, day) for day in (FOURTH, FIFTH))
    assert fourth is not None
    assert fifth is not None
    assert fourth.published_at is not None
    assert fifth.published_at is not None
    assert fourth.published_at < fifth.published_at


def test_where_nothing_came_neither_gate_nor_silver_is_started(backfilled: Backfilled) -> None:
    idle = {CERTIFICATE, ELDERLY, LEDGER, ADDRESS}  # weekly
    assert not idle & backfilled.delivered(FOURTH)
    runs = backfilled.runs(FOURTH, idle)
    states = {(task.task_id, task.state) for task in Orchestrator(backfilled.instance).tasks(*runs)}
    assert states == {("extract", "success"), ("gate", "skipped"), ("silver", "skipped"), ("ingest_outcome", "success")}
    assert {run.state for run in runs} == {"success"}
    with connect(backfilled.instance) as connection:
        outcomes = {run.outcome for run in ingest_runs.of_day(connection, FOURTH) if run.resource in idle}
    assert outcomes == {"nothing"}


def test_a_red_gate_is_a_gap_and_clearing_it_closes_the_day_again(backfilled: Backfilled) -> None:
    instance, orchestrator = backfilled.instance, Orchestrator(backfilled.instance)
    delivered = backfilled.delivered(FOURTH) | backfilled.delivered(FIFTH)
    assert {HOUSEHOLD, ENTERPRISE, PERMIT, ASSISTANCE, CHECK, EVENT} <= delivered
    runs = backfilled.runs(FIFTH, set(load_contracts(instance.settings.contracts)))
    red = {run.dag_id: [t.task_id for t in orchestrator.tasks(run) if t.state == "failed"] for run in runs}
    assert {dag: tasks for dag, tasks in red.items() if tasks} == {ingest_dag(code): ["gate"] for code in delivered}
    assert versions(instance, backfilled.silver_before) == backfilled.silver_before
    assert _gaps(instance, FIFTH, "failed") == {None}  # no provider: the whole resource

    for run in runs:
        orchestrator.clear(run)
    _until(lambda: (_issue(instance, FIFTH) or (0,))[1:] == ("published",) and not _gaps(instance, FIFTH, "failed"))
    assert (_issue(instance, FIFTH) or (0,))[0] > 1
    with connect(instance) as connection:
        waiting = [batch for code in delivered for stage in ("gate", "silver") for batch in batches.open_for(connection, code, stage)]
    assert not waiting  # includes deliveries of the date before
    assert versions(instance, backfilled.silver_before) != backfilled.silver_before


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
