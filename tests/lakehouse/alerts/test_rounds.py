"""Whole rounds on a real PostgreSQL and a real receiver: from a ticket to a message, its repetition, its end; failures hinder nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from application import doctor
from application.alerts import find_alerts, see_alerts, try_routes
from lakehouse.alerts import facts, rounds, watch
from lakehouse.alerts.channels import attempts
from lakehouse.alerts.routes import FILE
from lakehouse.alerts.scene import load_scene
from lakehouse.config import PROJECT, Instance
from lakehouse.errors import ConfigError
from lakehouse.ops import alerts, connect, days, ingest_runs, tickets
from lakehouse.ops import facts as day_facts
from lakehouse.orchestrator import Orchestrator
from lakehouse.upkeep import disk
from tests.lakehouse.alerts.receivers import Receiver, receiver
from tests.plugin.servers import changed

pytestmark = pytest.mark.spark

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
NOW = datetime(2026, 6, 3, 1, 0, tzinfo=UTC)
ROUTES = """
channels:
  duty: {kind: wecom, connection: duty}
  hook: {kind: webhook, connection: hook}
routes:
  - {name: duty, owners: [platform], channel: duty, groupMinutes: 0}
  - {name: offices, owners: [departments], channel: hook, groupMinutes: 0}
"""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(attempts, "FIRST_WAIT_SECONDS", 0.01)
    with receiver() as found:
        yield found


@pytest.fixture
def watched(instance: Instance, told: Receiver, tmp_path: Path) -> Instance:
    """Return an instance of a city with routes, in its first day; its scheduler does not run."""
    shutil.copytree(PROJECT / "cities" / "tiny", tmp_path / "cities" / "tiny")
    (tmp_path / "cities" / "tiny" / FILE).write_text(ROUTES, "utf-8")
    state = json.loads((instance.home / "instance.json").read_text("utf-8"))
    state["ports"]["airflow"] = 9  # nothing answers there
    (instance.home / "instance.json").write_text(json.dumps(state), "utf-8")
    connections = instance.settings.connections | {"duty": f"{told.url}/duty", "hook": f"{told.url}/hook"}
    with connect(instance) as connection:
        ingest_runs.start(connection, "t_thing", FIRST)
    return changed(instance, cities=tmp_path / "cities", connections=connections, secrets=instance.settings.secrets | {"hook": "s"})


def look(watched: Instance, now: datetime) -> list[rounds.Sent]:
    return rounds.look(load_scene(watched), now, Orchestrator(watched, 0.1))


def heard(told: Receiver, path: str) -> list[Any]:
    found = [json.loads(one.body) for one in told.got if one.path == path]
    told.got = [one for one in told.got if one.path != path]
    return found


def test_a_ticket_becomes_a_message_until_it_is_seen_and_its_end_is_told_once(watched: Instance, told: Receiver) -> None:
    code, contract = next((code, one) for code, one in load_scene(watched).contracts.items() if not hasattr(one.provider, "each"))
    office = load_scene(watched).offices.provider(contract, FIRST)
    detail = {"batch_id": "b1", "source_object": "inbox/张三.csv", "rules": {"id_no.resident_id": 30}}
    with connect(watched) as connection:
        new = tickets.NewTicket("blocked", f"{code}|b1", FIRST, "张三: held", code, office.uscc, detail=detail)
        number = tickets.open_ticket(connection, new)
    sent = look(watched, NOW)
    assert ("offices", office.uscc, 1, None) in [(one.route, one.owner, one.alerts, one.failure) for one in sent]
    (message,) = heard(told, "/hook")
    assert message["owner"] == {"id": office.uscc, "name": office.name}
    (one,) = message["alerts"]
    assert (one["kind"], one["resource"], one["news"]) == ("blocked", code, "new")
    assert one["detail"] == {"ticket": number, "rules": {"id_no.resident_id": 30}}
    assert "张三" not in json.dumps(message, ensure_ascii=False)
    assert look(watched, NOW + timedelta(hours=3)) == []
    look(watched, NOW + timedelta(hours=4))
    assert [one["news"] for one in heard(told, "/hook")[0]["alerts"]] == ["open"]
    see_alerts(watched, [one["alert_id"]])
    look(watched, NOW + timedelta(hours=8))
    assert heard(told, "/hook") == []
    with connect(watched) as connection:
        tickets.close(connection, number, tickets.Closing("let_in", SECOND, document="b1"))
    for hours in (9, 10):
        look(watched, NOW + timedelta(hours=hours))
    assert [[one["news"] for one in message["alerts"]] for message in heard(told, "/hook")] == [["closed"]]
    listed = next(one for one in find_alerts(watched, only_open=False) if one.alert.kind == "blocked")
    assert (listed.state, listed.owner_name, [one.times_sent for one in listed.notices]) == ("closed", office.name, [2])


def test_what_the_platform_answers_for(watched: Instance, told: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(watched) as connection:
        days.close(connection, FIRST, 1, [])
        days.publish(connection, FIRST, 1, "sha")
        day_facts.record(
            connection, FIRST, "invariants", [{"id": "I1", "ok": True, "detail": ""}, {"id": "I2", "ok": False, "detail": "x"}]
        )
        ingest_runs.finish(connection, "t_thing", SECOND, "failed")
    monkeypatch.setattr(disk, "LEAST_GIB", 10**9)
    look(watched, NOW)
    with connect(watched) as connection:
        found = {one.kind: (one.severity, one.owner, one.resource, one.business_date) for one in alerts.find(connection, only_open=True)}
    assert found == {
        "invariant": ("critical", "platform", None, FIRST),
        "failed": ("error", "platform", "t_thing", SECOND),
        "disk": ("critical", "platform", None, None),
        "scheduler": ("error", "platform", None, None),
    }
    (message,) = heard(told, "/duty")
    assert "4 alerts, worst critical" in message["markdown"]["content"]
    with connect(watched) as connection:
        days.close(connection, SECOND, 1, [])
        gap = {"resource": "t_thing", "provider": None, "kind": "failed", "due_on": SECOND.isoformat()}
        new = tickets.NewTicket("failed", facts.gaps.subject(gap), SECOND, "failed", "t_thing", None)
        tickets.open_ticket(connection, new)
    look(watched, NOW + timedelta(minutes=1))
    with connect(watched) as connection:
        assert len([one for one in alerts.find(connection, only_open=False) if one.kind == "failed"]) == 1


def test_a_day_that_is_not_published_by_its_hour_is_told_and_its_end_too(watched: Instance, told: Receiver) -> None:
    profile = watched.city_folder / "city.yaml"
    profile.write_text(profile.read_text("utf-8").replace("clock: manual", "clock: wall"), "utf-8")
    real = Instance(watched.settings)
    look(real, datetime(2026, 6, 2, 0, 59, tzinfo=UTC))
    assert "逾时仍无当日发布" not in json.dumps(heard(told, "/duty"), ensure_ascii=False)
    look(real, datetime(2026, 6, 2, 1, 0, tzinfo=UTC))
    assert "新 · 紧急 · 逾时仍无当日发布" in heard(told, "/duty")[0]["markdown"]["content"]
    with connect(real) as connection:
        days.close(connection, FIRST, 1, [])
        days.publish(connection, FIRST, 1, "sha")
    look(real, datetime(2026, 6, 2, 1, 1, tzinfo=UTC))
    assert "已解除 · 紧急 · 逾时仍无当日发布" in heard(told, "/duty")[0]["markdown"]["content"]


def test_a_channel_that_is_down_is_recorded_and_hinders_no_other(watched: Instance, told: Receiver) -> None:
    down = changed(watched, connections=watched.settings.connections | {"hook": "http://127.0.0.1:9/"})
    offices = [one.uscc for one in load_scene(watched).offices.departments if one.kind == "street_office"][:2]
    with connect(watched) as connection:
        for number, uscc in enumerate(offices):
            tickets.open_ticket(connection, tickets.NewTicket("silent", f"t|{number}", FIRST, "silent", "t_thing", uscc, detail={}))
    sent = look(down, NOW)
    assert [one.route for one in sent if one.failure] == ["offices"], "the second message over the same channel is not even tried"
    assert heard(told, "/duty")
    failing = [notice for one in find_alerts(down, only_open=True) for notice in one.notices if notice.failures]
    assert [(one.route, one.times_sent) for one in failing] == [("offices", 0)]
    assert "does not answer" in (failing[0].failure or "")
    assert len(look(watched, NOW + timedelta(minutes=2))) == 2
    assert {message["owner"]["id"] for message in heard(told, "/hook")} == set(offices)


def test_the_watcher_tells_of_a_database_that_does_not_answer_and_of_its_return(watched: Instance, told: Receiver) -> None:
    watcher = watch.Watcher(watched.settings)
    assert watcher.round(NOW)
    assert watch.is_awake(watched, NOW + timedelta(minutes=2))
    heard(told, "/duty")
    away = watched.settings.connections
    watcher._settings = changed(watched, connections=away | {"huiliu": "postgresql://huiliu:x@127.0.0.1:9/huiliu"}).settings
    (watched.city_folder / "departments.csv").touch()
    assert [watcher.round(NOW + timedelta(minutes=minute)) for minute in range(1, 8)] == [False] * 7
    (message,) = heard(told, "/duty")
    assert "值守进程读不到运行记录" in message["markdown"]["content"]
    assert not watch.is_awake(watched, NOW + timedelta(minutes=7))
    watcher._settings = watched.settings
    (watched.city_folder / "departments.csv").touch()
    assert watcher.round(NOW + timedelta(minutes=8))
    assert "已解除 · 紧急 · 值守进程读不到运行记录" in heard(told, "/duty")[0]["markdown"]["content"]


def test_a_wrong_file_leaves_the_former_routes_in_force(watched: Instance, told: Receiver) -> None:
    watcher = watch.Watcher(watched.settings)
    assert watcher.round(NOW)
    (watched.city_folder / FILE).write_text("routes: 7\n", "utf-8")
    assert watcher.round(NOW + timedelta(hours=5))
    assert len(heard(told, "/duty")) == 2


def test_trying_the_routes(watched: Instance, told: Receiver) -> None:
    assert [(one.route, one.failure) for one in try_routes(watched)] == [("duty", None), ("offices", None)]
    assert heard(told, "/hook")[0]["trial"] is True
    assert "告警通道测试" in heard(told, "/duty")[0]["markdown"]["content"]
    told.answers = [(200, b'{"errcode":93000}')]
    (sent,) = try_routes(watched, "duty")
    assert "errcode 93000" in (sent.failure or "")
    with pytest.raises(ConfigError, match="there is no route 'dut'"):
        try_routes(watched, "dut")


def test_nothing_is_noted_as_seen_where_one_number_is_wrong(watched: Instance) -> None:
    look(watched, NOW)
    (one,) = find_alerts(watched, only_open=True)
    with pytest.raises(ConfigError, match="no such open alert: 99"):
        see_alerts(watched, [one.alert.alert_id, 99])
    assert find_alerts(watched, only_open=True)[0].state == "open"


def test_doctor_says_whether_anybody_is_told(watched: Instance) -> None:
    def found(instance: Instance) -> tuple[str, str]:
        return next((one.state, one.detail) for one in doctor.examine(instance) if one.name == "alerts")

    assert found(watched) == ("ok", "2 routes; `huiliu alerts test` tries them")
    state, detail = found(changed(watched, secrets={}))
    assert state == "bad"
    assert "HUILIU_SECRET_HOOK" in detail
    (watched.city_folder / FILE).unlink()
    state, detail = found(watched)
    assert state == "warning"
    assert detail.startswith("nobody is told")
