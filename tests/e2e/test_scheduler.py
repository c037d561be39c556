"""Days on the real scheduler: the command line only watches, a failed task is cleared, dates are backfilled."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from application import doctor, sample, services, sql_question
from application.day_run import ingest_by_hand
from application.pages import start
from application.sql_question import Question
from infra.local import keys, lifecycle, sql_desk
from infra.local.programs import COMPONENTS
from lakehouse.config import PROJECT, Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.jobs import JobRequest
from lakehouse.naming import ingest_dag, silver
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, days, ingest_runs
from lakehouse.orchestrator import ENDED, Orchestrator, Run
from spark_jobs.lake.storage import versions
from tests.e2e import knowledge
from tests.e2e.published import recipients, recorded
from tests.e2e.reading import gaps
from tests.e2e.terminal import PAGE, Terminal, blocks, missing
from tests.infra.modes import assert_closed
from tests.oracle import canaries
from tests.oracle.resources import ASSISTANCE, CERTIFICATE, CHECK, ELDERLY, ENTERPRISE, EVENT, HOUSEHOLD, LEDGER, PERMIT
from tests.plugin.lived import FIRST, PEOPLE, SECOND, THIRD, plant
from tests.plugin.servers import at, tiny_instance

pytestmark = pytest.mark.airflow
PATIENCE_SECONDS = 1200  # generous, because the machine may be busy with the other half of the suite
WEEKLY = {CERTIFICATE, ELDERLY, LEDGER}  # taken in by hand, so that the third day finds nothing of them
SPOKEN = ("logs/airflow", "derived/gx", "derived/dbt")  # what must be there to be looked through


@pytest.fixture(scope="module")
def scheduled(city: Instance) -> Iterator[Instance]:
    """Return the instance whose first day Airflow published.

    `huiliu run` is killed while it makes the city, started again, and killed once more in the middle of the day: what was begun must go
    on, and the day must not stop for the command line.
    """
    with at(city):
        _run_and_kill("  nothing ever says this", patience_seconds=4)
        _run_and_kill("  extract ", patience_seconds=PATIENCE_SECONDS)
        _until(lambda: _issue(city, FIRST) == (1, "published"))
        yield city


@dataclass(frozen=True)
class Backfilled:
    """Two dates run by one backfill while every gate failed; the first date already takes in all that is ready at the source."""

    instance: Instance
    silver_before: dict[str, int]  # table -> version
    planted: tuple[canaries.Canary, ...]
    said: list[str]  # on the screen

    def delivered(self, day: date) -> set[str]:
        """Return the resources of which the run of a date took in a delivery."""
        with connect(self.instance) as connection:
            return {batch.resource for batch in batches.taken_on(connection, day)}

    def with_silent_senders(self) -> set[str]:
        """Return the resources with a gap on the third date because somebody sent nothing."""
        with connect(self.instance) as connection:
            closed = days.get(connection, THIRD, 1)
        assert closed is not None
        return {gap["resource"] for gap in closed.gaps if gap["kind"] == "silent"}

    def runs(self, day: date, resources: set[str]) -> list[Run]:
        """Return the ingest runs of a date and of these resources."""
        wanted = {ingest_dag(code) for code in resources}
        return [run for run in Orchestrator(self.instance).runs(day) if run.dag_id in wanted]


@pytest.fixture(scope="module")
def backfilled(scheduled: Instance) -> Backfilled:
    """Return the two dates when both are published; what comes weekly was taken in before."""
    planted = plant(scheduled)
    sample.feed(scheduled, THIRD)
    ingest_by_hand(scheduled, [JobRequest(SECOND, code) for code in WEEKLY], lambda _line: None)
    resources = list(load_contracts(scheduled.settings.contracts))
    before = versions(scheduled, [silver(code) for code in resources])
    (again,) = [one for one in blocks(PAGE.read_text("utf-8")) if one.commands[0].startswith("huiliu backfill")]
    with _no_gate(scheduled):
        code, told = Terminal(PROJECT, dict(os.environ)).run(again)
    assert (code, missing(again.shown, told)) == (again.code, []), told
    assert _issue(scheduled, THIRD) == (1, "published")
    return Backfilled(scheduled, before, planted, told.splitlines())


@dataclass(frozen=True)
class Cleared:
    """The second date after its red tasks were cleared, and what was red before."""

    red: dict[str, list[str]]  # DAG -> tasks, by name
    silver_then: dict[str, int]
    gaps_then: set[str | None]


@pytest.fixture(scope="module")
def cleared(backfilled: Backfilled) -> Cleared:
    """Return what was red, when the day is published again and nothing runs any more."""
    instance, orchestrator = backfilled.instance, Orchestrator(backfilled.instance)
    runs = backfilled.runs(THIRD, set(load_contracts(instance.settings.contracts)))
    red = {run.dag_id: sorted(t.task_id for t in orchestrator.tasks(run) if t.state == "failed") for run in runs}
    then = Cleared({dag: tasks for dag, tasks in red.items() if tasks}, versions(instance, backfilled.silver_before), _failed(instance))
    for run in runs:
        if run.dag_id in then.red:
            orchestrator.clear(run)
    _until(lambda: (_issue(instance, THIRD) or (0,))[1:] == ("published",) and not _failed(instance))
    _until(lambda: all(run.state in ENDED for day in (FIRST, SECOND, THIRD) for run in orchestrator.runs(day)))  # also what proves the day
    return then


def test_all_components_are_healthy_beside_one_another_and_beside_a_second_instance(city: Instance, tmp_path: Path) -> None:
    second = tiny_instance(tmp_path / "second")
    health = lifecycle.health(city)
    assert {name for name, part in health.items() if part.healthy} == set(COMPONENTS)
    assert not set(city.ports.model_dump().values()) & set(second.ports.model_dump().values())
    used = lifecycle.memory(city)
    assert 500 < sum(used.values()) < 6 * 1024
    findings = {finding.name: finding.state for finding in doctor.examine(city)}
    assert "bad" not in findings.values(), findings


def test_the_start_page_leads_to_airflow_which_shows_the_citys_time(city: Instance) -> None:
    start.write(city)
    page = httpx.get(services.start_page(city), trust_env=False, follow_redirects=True, timeout=60)
    links = [link for link in re.findall(r'<a href="([^"#]+)"', page.text) if link.startswith("http")]
    answers = [httpx.get(link, trust_env=False, follow_redirects=True, timeout=60, headers={"Accept": "text/html"}) for link in links]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "localStorage.setItem('timezone', JSON.stringify('Asia/Shanghai'))</script></head>" in answers[0].text


def test_a_question_is_answered_at_the_desk(city: Instance) -> None:
    with sql_desk.called(city) as caller, caller.makefile("rb") as heard:
        question = Question("select count(*) as regions from ref.region", 1, "json")
        caller.sendall(sql_question.as_line({"version": sql_question.VERSION, **asdict(question)}))
        head, answer = json.loads(heard.readline()), json.loads(heard.read())
    assert (head["rows"], head["has_more"]) == (1, False)
    assert answer["regions"] > 0


def test_the_first_day_in_buckets_is_the_same_to_the_byte(scheduled: Instance) -> None:
    """The day on folders is compared with the same records (test_golden.py)."""
    assert not (scheduled.home / "store").exists()
    found = recipients(open_area(scheduled, "exchange"), [FIRST])[FIRST.isoformat()]
    assert len(found) > 20
    assert found == recorded("tiny")[FIRST.isoformat()]
    assert knowledge.of_first_day(scheduled) == recorded("first_day")


def test_nothing_starts_by_itself_under_a_manual_clock(scheduled: Instance) -> None:
    started = Orchestrator(scheduled).runs(FIRST)
    assert started
    today = datetime.now(scheduled.timezone).date()
    assert not [run for day in (today - timedelta(days=1), today) for run in Orchestrator(scheduled).runs(day)]


def test_two_dates_are_backfilled_in_order(backfilled: Backfilled) -> None:
    with connect(backfilled.instance) as connection:
        second, third = (days.get(connection, day, 1) for day in (SECOND, THIRD))
    assert second is not None
    assert third is not None
    assert second.published_at is not None
    assert third.published_at is not None
    assert second.published_at < third.published_at
    begins = [backfilled.said.index(f"Business day {day}") for day in (SECOND, THIRD)]
    of_second, of_third = backfilled.said[begins[0] : begins[1]], backfilled.said[begins[1] :]
    for told in (of_second, of_third):
        assert any(line.startswith("  gate ") and line.endswith("FAILED") for line in told)
        assert any(line.startswith("  invariants ") for line in told)


def test_where_nothing_came_neither_gate_nor_silver_is_started(backfilled: Backfilled) -> None:
    assert not WEEKLY & backfilled.delivered(THIRD)
    runs, late = backfilled.runs(THIRD, WEEKLY), backfilled.with_silent_senders()
    states = {(task.task_id, task.state) for task in Orchestrator(backfilled.instance).tasks(*runs) if task.task_id != "ingest_gaps"}
    assert states == {("extract", "success"), ("gate", "skipped"), ("silver", "skipped"), ("ingest_outcome", "success")}
    last = {(task.dag_id, task.state) for task in Orchestrator(backfilled.instance).tasks(*runs) if task.task_id == "ingest_gaps"}
    assert last == {(ingest_dag(code), "failed" if code in late else "skipped") for code in WEEKLY}
    assert {(run.dag_id, run.state) for run in runs} == {(ingest_dag(code), "failed" if code in late else "success") for code in WEEKLY}
    with connect(backfilled.instance) as connection:
        outcomes = {run.outcome for run in ingest_runs.of_day(connection, THIRD) if run.resource in WEEKLY}
    assert outcomes == {"nothing"}


def test_a_red_gate_is_a_gap_and_clearing_it_closes_the_day_again(backfilled: Backfilled, cleared: Cleared) -> None:
    instance = backfilled.instance
    delivered = (backfilled.delivered(SECOND) | backfilled.delivered(THIRD)) - WEEKLY
    assert {HOUSEHOLD, ENTERPRISE, PERMIT, ASSISTANCE, CHECK, EVENT} <= delivered
    late = backfilled.with_silent_senders() - delivered  # their gaps are not repaired by clearing a task
    assert cleared.red == {ingest_dag(code): ["gate", "ingest_gaps"] for code in delivered} | {
        ingest_dag(code): ["ingest_gaps"] for code in late
    }
    assert cleared.silver_then == backfilled.silver_before
    assert cleared.gaps_then == {None}  # no provider: the whole resource
    assert (_issue(instance, THIRD) or (0,))[0] > 1
    with connect(instance) as connection:
        waiting = [batch for code in delivered for stage in ("gate", "silver") for batch in batches.open_for(connection, code, stage)]
    assert not waiting  # includes deliveries of the date before
    assert versions(instance, backfilled.silver_before) != backfilled.silver_before


@pytest.mark.usefixtures("cleared")
def test_the_log_of_every_task_says_what_it_did(backfilled: Backfilled) -> None:
    """Jobs say so themselves; a task that waits says for whom. What was cleared has a log for each attempt."""
    logs = {path: path.read_text("utf-8") for path in (backfilled.instance.home / "logs" / "airflow").rglob("attempt=*.log")}
    silent = [path for path, text in logs.items() if "task_id=wait_for_ingest" not in str(path) and "begins, attempt" not in text]
    assert silent == []
    every = "\n".join(logs.values())
    assert re.search(rf"gate {EVENT} {THIRD}: failed after", every)
    assert re.search(r"judged: batch_id [0-9a-f]{12}, gate (passed|warned|blocked), provider \w+, received \d+", every)
    assert re.search(r"by_batch: batch_id [0-9a-f]{12}, received \d+", every)
    assert re.search(r"tables: table base\.person, rows \d+, version \d+, changed \d+, seconds", every)
    assert re.search(rf"close_day {THIRD}: closed, issue \d+", every)


@pytest.mark.usefixtures("cleared")
def test_no_mark_is_written_where_the_scheduler_talks(backfilled: Backfilled) -> None:
    home = backfilled.instance.home
    assert all(any((home / name).rglob("*")) for name in SPOKEN)
    marks = [mark for one in backfilled.planted for mark in one.marks]
    assert canaries.leaks([home / name for name in ("logs", "derived", "airflow")], marks) == {}


@pytest.mark.usefixtures("cleared")
def test_what_the_services_wrote_is_their_users_alone_and_shows_no_token(backfilled: Backfilled) -> None:
    home, token = backfilled.instance.home, keys.read(backfilled.instance, "spark.token").encode()
    assert_closed(home)
    said = [path for name in SPOKEN for path in (home / name).rglob("*") if path.is_file()]
    assert [path for path in said if token in path.read_bytes()] == []


def _run_and_kill(line: str, patience_seconds: float) -> None:
    """Start `huiliu run` and kill it when it has said a line that starts so, or when patience ends."""
    command = [sys.executable, "-u", "-m", "huiliu.main", "run", "--people", str(PEOPLE), "--days", "1"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        killer = threading.Timer(patience_seconds, process.kill)
        killer.start()
        while (said := process.stdout.readline()) and not said.startswith(line):
            pass
        killer.cancel()
        process.kill()


@contextmanager
def _no_gate(instance: Instance) -> Iterator[None]:
    """Put a file where Great Expectations needs a folder."""
    workshop = instance.home / "derived" / "gx"
    workshop.rename(workshop.with_name("gx.away"))
    workshop.write_text("a file where Great Expectations needs a folder")
    try:
        yield
    finally:
        workshop.unlink()
        workshop.with_name("gx.away").rename(workshop)


def _failed(instance: Instance) -> set[str | None]:
    return gaps(instance, THIRD, "failed")


def _issue(instance: Instance, day: date) -> tuple[int, str] | None:
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
    return (newest.issue, newest.state) if newest else None


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not so within {PATIENCE_SECONDS} s"
        time.sleep(1)
