"""The tickets of a day's gaps on a real database: one for one thing, closed by what settles it when a later day is closed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from lakehouse.config import PROJECT, Instance
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import batches, connect, ingest_runs, tickets
from tests.plugin.servers import changed

pytestmark = pytest.mark.spark

RESOURCE, FILE = "s_elderly_service_list", "resources/street/s_elderly_service_list.odcs.yaml"
OTHER = "g_person_check"
DAYS = [date(2026, 6, day) for day in (1, 2, 3, 4)]


def close(instance: Instance, day: date, outcome: ingest_runs.Outcome = "accepted") -> None:
    """Close a day on which the runs of all resources but one ended well."""
    with connect(instance) as connection:
        for resource, ended in ((RESOURCE, "accepted"), (OTHER, outcome)):
            ingest_runs.start(connection, resource, day)
            ingest_runs.finish(connection, resource, day, ended)  # type: ignore[arg-type]
    run_job("close_day", JobRequest(day), instance)


def told(instance: Instance, kind: str, resource: str) -> list[tuple[str, date | None, list[str | None]]]:
    """Return subject, due date and reasons of the tickets of a kind about a resource."""
    with connect(instance) as connection:
        found = tickets.find(connection, kind=kind, resource=resource)
        return [(one.subject, one.due_on, [event.reason for event in tickets.history(connection, one.ticket_id)]) for one in found]


def test_a_wrong_contract_is_one_ticket_until_it_is_right(instance: Instance, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PROJECT / "contracts", tmp_path / "contracts"))
    served, path = changed(instance, contracts=folder), folder / FILE
    sound = path.read_text("utf-8")
    path.write_text(sound.replace("version: 1.0.0", "version: one"), "utf-8")
    for day in DAYS[:2]:
        close(served, day)  # its run of the day is done: that says nothing about the contract
    assert told(served, "contract", RESOURCE) == [(RESOURCE, date(2026, 6, 3), [None])]
    path.write_text(sound, "utf-8")
    close(served, DAYS[2])
    assert told(served, "contract", RESOURCE) == [(RESOURCE, date(2026, 6, 3), [None, "contract_sound"])]


def test_a_failed_run_is_settled_by_a_later_one_and_not_by_an_earlier_day_closed_again(instance: Instance) -> None:
    close(instance, DAYS[1], "failed")
    close(instance, DAYS[0])
    assert told(instance, "failed", OTHER) == [(f"{OTHER}||2026-06-02", date(2026, 6, 3), [None])]
    close(instance, DAYS[2])
    assert told(instance, "failed", OTHER) == [(f"{OTHER}||2026-06-02", date(2026, 6, 3), [None, "later_run_done"])]


def test_a_silence_about_a_file_of_changes_ends_with_its_own_delivery(instance: Instance) -> None:
    close(instance, DAYS[0])
    [(subject, due_on, _)] = [one for one in told(instance, "silent", OTHER) if "2026-06-01" in one[0]]
    assert due_on == date(2026, 6, 3)
    provider = subject.split("|")[1]

    def deliver(number: int, about: date) -> None:
        landed = batches.Landed(f"b{number}", OTHER, provider, about, f"sha {number}", number, DAYS[number], f"{about}_1.jsonl", 1, 1)
        with connect(instance) as connection:
            batches.add(connection, [landed])
            batches.record_gate(connection, landed.batch_id, "passed")

    deliver(1, DAYS[1])
    close(instance, DAYS[1])
    assert [one[2] for one in told(instance, "silent", OTHER) if one[0] == subject] == [[None]]
    deliver(2, DAYS[0])
    close(instance, DAYS[2])
    assert [one[2] for one in told(instance, "silent", OTHER) if one[0] == subject] == [[None, "delivered"]]
