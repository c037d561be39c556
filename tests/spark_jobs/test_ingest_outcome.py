"""How an ingest ends, on a real database: what is missing turns its last task red, and every repair closes the newest day again."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from application import report
from lakehouse import steps
from lakehouse.city.clocks import load_clocks
from lakehouse.city.providers import load_offices
from lakehouse.config import PROJECT, Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.ingest.gaps import FILLED
from lakehouse.ingest.readers.delivery import Unusable
from lakehouse.jobs import JobRequest as Asked
from lakehouse.jobs import run_job
from lakehouse.ops import batches, connect, days, facts, ingest_runs, tickets
from lakehouse.ops.batches import Gate
from lakehouse.ops.ingest_runs import Notes
from spark_jobs.jobs.ingest_gaps import GapsAnswer
from tests.plugin.servers import changed

pytestmark = pytest.mark.spark

LIST, REGISTER = "s_elderly_service_list", "c_household_registration"  # nothing is late of the list on the first day
LEDGER, APPROVAL, EVENT, CHECK = "v_resident_ledger", "d_assistance_approval", "g_grid_event", "g_person_check"
ADDRESS = "c_standard_address"
FILE = f"resources/city/{ADDRESS}.odcs.yaml"
FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
WELL = dict.fromkeys(steps.INGEST, "done")


@pytest.fixture
def served(instance: Instance, tmp_path: Path) -> Instance:
    """Return the instance with contracts of its own."""
    return changed(instance, contracts=Path(shutil.copytree(PROJECT / "contracts", tmp_path / "contracts")))


def ingest(instance: Instance, resource: str = LIST, day: date = FIRST, unusable: tuple[str, ...] = (), **ended: str) -> bool:
    """Record a run whose steps ended so (well, unless said), and its outcome; return whether the day is to be closed again."""
    with connect(instance) as connection:
        ingest_runs.start(connection, resource, day)
    record(instance, resource, day, {**WELL, **ended}, unusable)
    return run_job(steps.INGEST_OUTCOME, Asked(day, resource), instance).close_again


def record(instance: Instance, resource: str, day: date, ended: dict[str, str], unusable: tuple[str, ...] = ()) -> None:
    with connect(instance) as connection:
        for name, how in ended.items():
            step = ingest_runs.Step(name, how, Notes(refused=unusable if name == "extract" else ()))  # type: ignore[arg-type]
            ingest_runs.record_step(connection, resource, day, step)


def deliver(instance: Instance, gate: Gate, number: int = 1, *, resource: str = LIST, day: date = FIRST) -> None:
    """Put down a batch of the first provider, as the gate left it."""
    contract = load_contract_of(PROJECT / "contracts", resource)
    provider = load_offices(instance.city_folder, instance.city).providers(contract, day, set())[0].uscc
    landed = batches.Landed(f"{resource} {number}", resource, provider, day, f"sha {number}", number, day, f"{day}_1.csv", 1, 1)
    with connect(instance) as connection:
        batches.add(connection, [landed])
        batches.record_gate(connection, landed.batch_id, gate)
        if gate in ("passed", "warned"):
            batches.record_silver(connection, [landed.batch_id], day)


def publish(instance: Instance, day: date = FIRST) -> set[tuple[str, str]]:
    """Close and publish a day; return its gaps: resource and kind."""
    run_job(steps.CLOSE_DAY, Asked(day), instance)
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
        assert newest is not None
        days.publish(connection, day, newest.issue, "sha")
        batches.record_counted(connection, day, [batch.batch_id for batch in batches.not_counted(connection, day, date.min)], [])
    return {(gap["resource"], gap["kind"]) for gap in newest.gaps}


def again(instance: Instance, resource: str, gate: Gate, number: int) -> bool:
    deliver(instance, gate, number, resource=resource)
    return ingest(instance, resource)


def test_every_repair_closes_the_newest_day_again_and_the_gap_is_filled(served: Instance) -> None:
    """One resource for each kind of gap; each is repaired in its own way."""
    ingest(served, LEDGER, gate="failed", silver="failed")
    ingest(served, LIST, unusable=("inbox/strange.csv",))
    again(served, EVENT, "blocked", 1)
    again(served, CHECK, "refused", 1)
    ingest(served, REGISTER)
    path = served.settings.contracts / FILE
    sound = path.read_text("utf-8")
    path.write_text(sound.replace("version: 1.0.0", "version: one"), "utf-8")
    had = {(LEDGER, "failed"), (APPROVAL, "not_run"), (LIST, "unusable"), (EVENT, "blocked"), (CHECK, "refused"), (REGISTER, "silent"),
           (ADDRESS, "contract")}  # fmt: skip
    assert had <= publish(served)
    path.write_text(sound, "utf-8")
    repairs = {resource: ingest(served, resource) for resource in (LEDGER, LIST, APPROVAL, ADDRESS)}
    repairs |= {resource: again(served, resource, "passed", 2) for resource in (EVENT, CHECK, REGISTER)}
    assert repairs == dict.fromkeys(repairs, True)
    assert had & publish(served) == set()
    with connect(served) as connection:
        filled = {(gap["resource"], gap["kind"]): gap["filled_at"] for gap in facts.get(connection, FIRST, FILLED)}
        closed = {(one.resource, one.kind) for one in tickets.find(connection) if one.closed_on}
    assert had <= set(filled)
    assert {one for one in had if one[1] in ("failed", "not_run", "contract", "silent")} <= closed
    shown = {(gap["resource"], gap["kind"]): (gap["settled_by"], gap["filled_at"][-6:]) for gap in report.collect(served, FIRST).filled}
    by = {(LEDGER, "failed"): "run_done", (APPROVAL, "not_run"): "run_started", (ADDRESS, "contract"): "contract_sound",
          (REGISTER, "silent"): "delivered"}  # fmt: skip
    assert {one: shown[one] for one in by} == {one: (reason, "+08:00") for one, reason in by.items()}
    assert not any(ingest(served, resource) for resource, _ in had)  # nothing more to repair


def test_a_run_of_which_only_the_failed_tasks_are_cleared_closes_the_day_again(served: Instance) -> None:
    ingest(served, gate="failed")
    red = run_job(steps.INGEST_GAPS, Asked(FIRST, LIST), served)
    assert red.red.splitlines()[0] == f"{LIST} {FIRST}: gate did not end well; the log of that task says why."
    assert (LIST, "failed") in publish(served)
    record(served, LIST, FIRST, WELL)  # the outcome task was green and does not run again
    repaired = run_job(steps.INGEST_GAPS, Asked(FIRST, LIST), served)
    assert (repaired.outcome, repaired.red, repaired.close_again) == ("whole", "", True)
    assert (LIST, "failed") not in publish(served)


def test_the_red_task_says_what_is_missing_since_when_its_ticket_and_the_command(served: Instance) -> None:
    ingest(served, REGISTER)
    ingest(served, REGISTER, SECOND)
    for day in (FIRST, SECOND):
        told = run_job(steps.INGEST_GAPS, Asked(day, REGISTER), served)
        assert isinstance(told, GapsAnswer)
        [line] = told.gaps
        with connect(served) as connection:
            ticket = tickets.find(connection, kind="silent", resource=REGISTER, business_date=day)[0]
        begin = f"{REGISTER} {ticket.provider} is silent since {day}, ticket {ticket.ticket_id} (huiliu tickets show {ticket.ticket_id}): "
        assert line.startswith(begin)
        assert line.endswith(f"huiliu run-day {day}")
        assert told.red == line


def test_a_source_that_is_silent_because_it_does_not_answer_is_told_with_its_reason(served: Instance) -> None:
    source, reason = "source_city/households", "source_city: table households:\n  nobody answers. (4 attempts over 7 s)\n  Fix: start it."
    ingest(served, REGISTER, unusable=(source,))
    with connect(served) as connection:
        desk = Desk(connection, load_contract_of(PROJECT / "contracts", REGISTER), load_clocks(served), FIRST)
        desk.tell([Unusable(source, reason)], set())
    silent, why = run_job(steps.INGEST_GAPS, Asked(FIRST, REGISTER), served).red.splitlines()
    assert " is silent since 2026-06-01, ticket " in silent
    assert why.startswith(f"{REGISTER} {source} is unusable since 2026-06-01, ticket ")
    assert "source_city: table households: nobody answers. (4 attempts over 7 s) Fix: mend the source" in why
    assert [kind for resource, kind in publish(served) if resource == REGISTER] == ["silent"]


def test_where_nothing_is_missing_the_last_task_has_nothing_to_say(served: Instance) -> None:
    ingest(served)
    assert run_job(steps.INGEST_OUTCOME, Asked(FIRST, LIST), served).leaves_nothing
    assert run_job(steps.INGEST_GAPS, Asked(FIRST, LIST), served).red == ""


def test_what_came_after_the_day_was_published_closes_it_again_although_it_filled_no_gap(served: Instance) -> None:
    ingest(served)
    publish(served)
    assert again(served, LIST, "passed", 1) is True
    publish(served)
    assert ingest(served) is False


def test_a_final_day_is_not_closed_again(served: Instance) -> None:
    ingest(served, gate="failed")
    publish(served)
    with connect(served) as connection:
        days.publish(connection, SECOND, 1, "sha")
    assert ingest(served) is False
