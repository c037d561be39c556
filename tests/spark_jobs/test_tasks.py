"""Tasks on a real database and real packages: opened for rows a street received, frozen with the day, kept beside the landed bytes."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from application.rebuild import rebuild
from application.tasks import close_tasks, open_tasks
from huiliu.main import app
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import audit, connect, facts, tasks
from lakehouse.ops.tables import task as task_table
from lakehouse.returns.disclosure import recipient_key, row_key
from lakehouse.returns.standing import unsound_packages
from lakehouse.returns.task_requests import TaskRequest
from tests.spark_jobs.returned import GRIDS, form_rows, published, put, row

pytestmark = pytest.mark.spark

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
STREET, WORKBOOK = "s-449901001", f"g-{GRIDS[0]}"
PEOPLE = [row("resident_list", "a"), row("resident_list", "b", person_name="欧阳小满"), row("resident_list", "d", GRIDS[1])]


def run_day(instance: Instance, day: date) -> list[str | None]:
    return [run_job(name, JobRequest(day), instance).outcome for name in ("close_day", "returns_build", "returns_prove", "returns_publish")]


def key_of(instance: Instance, person: str) -> str:
    secret = bytes.fromhex(instance.key_path("hmac.key").read_text("utf-8").strip())
    return row_key(recipient_key(secret, STREET), person)


def asked(instance: Instance, *people: str, **said: Any) -> TaskRequest:
    return TaskRequest(STREET, "resident_list", tuple(key_of(instance, one) for one in people), **{"days": 10, "reason": "visit", **said})


def command(name: str, *arguments: str) -> str:
    return CliRunner().invoke(app, ["tasks", name, *arguments], catch_exceptions=False).stdout


def names(instance: Instance, day: date, issue: int = 1) -> set[str | None]:
    [(returned, folder)] = [
        (one, folder)
        for manifest, folder in published(instance, day, issue)
        for one in manifest["returns"]
        if (manifest["recipient"]["id"], one["return_id"]) == (WORKBOOK, "resident_list")
    ]
    place = [column["name"] for column in returned["columns"]].index("person_name")
    return {one[place] for one in form_rows(folder, returned, "rows")}


def test_tasks_live_from_the_day_after_to_their_end_and_survive_a_lost_database(instance: Instance) -> None:
    put(instance, {"resident_list": PEOPLE})
    run_day(instance, FIRST)
    with pytest.raises(ConfigError, match="11 working days"):
        open_tasks(instance, asked(instance, "a", days=11))
    [first] = open_tasks(instance, asked(instance, "a"))
    assert (first.grid_code, first.need_id, first.opened_on, first.last_day) == (GRIDS[0], "XQ-2026-001", FIRST, date(2026, 6, 15))
    with pytest.raises(ConfigError, match="open already"):
        open_tasks(instance, asked(instance, "a"))
    assert run_day(instance, SECOND) == ["closed", "built", "proved", "published"]
    assert (names(instance, FIRST), names(instance, SECOND)) == ({"张**", "欧阳**"}, {"张三丰", "欧阳**"})
    said = ("--recipient", STREET, "--return", "resident_list", "--row", key_of(instance, "b"), "--days", "10", "--reason", "visit")
    [second] = json.loads(command("open", *said, "--json"))["opened"]
    assert [run_job(f"returns_{step}", JobRequest(SECOND), instance).outcome for step in ("build", "prove", "publish")][-1] == "unchanged"
    assert run_job("returns_build", JobRequest(FIRST), instance).facts()["compared"] is True
    with connect(instance) as connection:
        assert facts.get(connection, SECOND, "tasks") == {"recipients": 1, "rows": 1, "by_tasks_alone": 1}
        told = [(one.action, one.subject.split("/")[0], one.detail) for one in audit.entries(connection) if "task" in one.action]
    assert [(action, subject) for action, subject, _ in told] == [
        ("open_task", f"task {first.task_id}"),
        ("show_by_tasks", f"package {WORKBOOK}"),
        ("open_task", f"task {second['task_id']}"),
    ]
    assert told[1][2] == {"business_date": "2026-06-02", "issue": 1, "rows": {"resident_list": 1}}

    assert command("close", first.task_id[:6], "--reason", "visited").startswith(f"task {first.task_id} closed: row {first.row_key}")
    with pytest.raises(ConfigError, match="it is closed already"):
        close_tasks(instance, [first.task_id], "visited")
    with connect(instance) as connection:
        before = tasks.find(connection)
        connection.execute(delete(task_table))
    assert rebuild(instance).tasks == 2
    with connect(instance) as connection:
        assert tasks.find(connection) == before
    told_all = {state: json.loads(command("list", *options, "--json"))["tasks"] for state, options in (("open", ()), ("all", ("--all",)))}
    assert [[(one["task_id"], one["state"]) for one in some] for some in told_all.values()] == [
        [(second["task_id"], "open")],
        [(first.task_id, "closed"), (second["task_id"], "open")],
    ]
    assert run_day(instance, SECOND)[-1] == "published"  # the day again is a new issue, which freezes anew
    assert names(instance, SECOND, 2) == {"张**", "欧阳小满"}
    assert unsound_packages(instance, SECOND)[1] == []
