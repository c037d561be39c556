"""`huiliu upkeep` without any server: logs, events and Data Docs go by their term; report, status and doctor tell of the disk."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from application.doctor import examine
from application.maintenance import run
from application.upkeep import AREAS
from expectations.data_docs.aged import of_runs
from huiliu.disk import disk_line
from huiliu.main import app
from lakehouse.config import Instance
from lakehouse.jobs import JobRequest
from lakehouse.telemetry import outbox
from lakehouse.upkeep import disk
from lakehouse.upkeep.last import LastUpkeep, remember, room
from tests.plugin.servers import at, changed, tiny_instance

pytestmark = pytest.mark.fast
OLD = time.time() - 31 * 86400


def put(path: Path, *, old: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("told")
    if old:
        os.utime(path, (OLD, OLD))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Instance:
    """Return an instance with old and new logs, events and results of Great Expectations."""
    instance = tiny_instance(tmp_path / "home")
    logs, gx = instance.folder("logs"), instance.folder("derived", "gx")
    put(logs / "airflow" / "dag_id=x" / "run_id=1" / "attempt=1.log")
    put(logs / "airflow" / "dag_id=x" / "run_id=2" / "attempt=1.log", old=False)
    put(logs / "openlineage" / "2026-01-01.jsonl", old=False)
    put(logs / "openlineage" / f"{datetime.now(UTC):%Y-%m-%d}.jsonl", old=False)
    for run_ in ("listed", "not-listed"):
        put(gx / "uncommitted" / "validations" / "s" / run_ / "1.json")
        put(gx / "uncommitted" / "data_docs" / "local_site" / "validations" / "s" / run_ / "1.html")
    listed = gx / "uncommitted" / "data_docs" / "local_site" / "runs.json"
    listed.write_text(json.dumps([{"page": "validations/s/listed/1.html"}]))
    return instance


def upkeep(instance: Instance, *arguments: str) -> dict:
    with at(instance):
        done = CliRunner().invoke(app, ["upkeep", "--only", "logs,docs", "--json", *arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_logs_events_and_docs_go_by_their_term_and_a_second_run_finds_nothing(home: Instance) -> None:
    kept = sorted(path for path in home.home.rglob("*") if path.is_file())
    dry = upkeep(home, "--dry-run")
    assert [(one["area"], one["before"]["files"], one["after"]["files"]) for one in dry["done"]] == [
        ("logs", 1, 1),
        ("logs", 1, 1),
        ("docs", 2, 2),
    ]
    assert [path for path in kept if not path.exists()] == []
    assert [one["after"]["files"] for one in upkeep(home)["done"]] == [0, 0, 0]
    gone = {path.relative_to(home.home).as_posix() for path in kept if not path.exists()}
    assert {name.rpartition("/")[2] for name in gone} == {"attempt=1.log", "2026-01-01.jsonl", "1.json", "1.html"}
    assert len(gone) == 4
    assert not any("run_id=2" in name or "/listed/" in name for name in gone)
    assert upkeep(home)["done"] == []
    assert of_runs(home.home / "derived" / "gx", datetime.now(UTC) + timedelta(days=1))[0:] == []


def test_events_that_wait_for_their_receiver_stay(home: Instance) -> None:
    sending = changed(home, openlineage_url="http://127.0.0.1:9/api")
    before = datetime.now(UTC).date()
    assert outbox.sent_before(sending, before) == []
    [path] = outbox.sent_before(home, before)
    (home.folder("run") / outbox.POSITIONS).write_text(json.dumps({path.name: path.stat().st_size}))
    assert outbox.sent_before(sending, before) == [path]


def test_an_unknown_area_and_a_second_upkeep_are_refused_by_name(home: Instance) -> None:
    with at(home):
        done = CliRunner().invoke(app, ["upkeep", "--only", "table"])
    assert "there is no area 'table'" in str(done.exception)
    assert str(done.exception).index("tables") < str(done.exception).index(AREAS[-1])


def test_an_upkeep_of_today_is_not_repeated_by_the_next_day(home: Instance) -> None:
    remember(home, LastUpkeep(ended_at=datetime.now(UTC), seconds=1, done=[], left=[], areas=[]))
    assert run(home, JobRequest(datetime.now(UTC).date())).outcome == "recent"


def test_report_status_and_doctor_tell_of_the_disk(home: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk_line(room(home)).endswith("%)")
    areas = [{"area": "lake", "files": 2780, "bytes": 3 * disk.GIB}]
    failed = [{"area": "tables", "what": "vacuum", "why": "x", "failed": True}]
    remember(home, LastUpkeep(ended_at=datetime(2026, 6, 1, 9, tzinfo=UTC), seconds=1, done=[], left=failed, areas=areas))
    assert "Counted 2026-06-01T09:00 UTC: lake 3.00 GiB in 2,780 files" in disk_line(room(home))
    found = {one.name: one for one in examine(home)}
    assert (found["upkeep"].state, "failed: tables" in found["upkeep"].detail) == ("warning", True)
    monkeypatch.setattr(disk, "LEAST_SHARE", 1.1)
    assert "make room" in disk_line(room(home))
    found = {one.name: one for one in examine(home)}
    assert (found["disk"].state, "lake takes 3.0 GiB" in found["disk"].detail) == ("warning", True)
    monkeypatch.setattr(disk, "LEAST_GIB", 10**9)
    assert next(one for one in examine(home) if one.name == "disk").state == "bad"
