"""When messages are due: grouped, repeated until seen, ended once, waiting over holidays, resting after failures."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse.alerts.due import Notices, letters
from lakehouse.alerts.routes import FILE
from lakehouse.alerts.scene import Scene, load_scene
from lakehouse.config import PROJECT, Instance
from lakehouse.ops.alerts import Alert, Notice
from tests.lakehouse.alerts.letters import NOW, alert
from tests.plugin.servers import settings

pytestmark = pytest.mark.fast

LATER = NOW + timedelta(minutes=5)
SUNDAY = datetime(2026, 6, 7, 2, 0, tzinfo=UTC)
ROUTES = """
channels: {a: {kind: wecom, connection: a}}
routes:
  - {name: duty, owners: [platform], severities: [critical, error], channel: a}
  - {name: streets, owners: [street_office], channel: a, holidays: wait, repeatHours: 24}
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    cities = tmp_path_factory.mktemp("cities")
    shutil.copytree(PROJECT / "cities" / "tiny", cities / "tiny")
    (cities / "tiny" / FILE).write_text(ROUTES, "utf-8")
    return load_scene(Instance(settings(home=cities / "home", cities=cities)))


def said(scene: Scene, alerts: list[Alert], notices: Notices, now: datetime) -> list[tuple[str, list[tuple[int, str]]]]:
    found = letters(scene, alerts, notices, now)
    return [(letter.route, [(item.alert.alert_id, item.news) for item in letter.items]) for _, letter in found]


def noticed(number: int, route: str = "duty", **given: Any) -> Notices:
    return {(number, route): Notice(number, route, **{"times_sent": 1, "sent_at": NOW, **given})}


def street(scene: Scene) -> str:
    return next(one.uscc for one in scene.offices.departments if one.kind == "street_office")


def test_new_alerts_are_gathered_into_one_message(scene: Scene) -> None:
    two = [alert(1), alert(2, first_seen_at=NOW + timedelta(minutes=4))]
    assert said(scene, two, {}, NOW + timedelta(minutes=4)) == []
    assert said(scene, two, {}, LATER) == [("duty", [(1, "new"), (2, "new")])]


def test_a_critical_alert_does_not_wait_for_others(scene: Scene) -> None:
    assert said(scene, [alert(1, severity="critical")], {}, NOW) == [("duty", [(1, "new")])]


def test_an_alert_is_repeated_until_somebody_has_seen_it(scene: Scene) -> None:
    before, after = NOW + timedelta(hours=3, minutes=59), NOW + timedelta(hours=4)
    assert said(scene, [alert(1)], noticed(1), before) == []
    assert said(scene, [alert(1)], noticed(1), after) == [("duty", [(1, "open")])]
    assert said(scene, [alert(1, seen_at=NOW, seen_by="chen")], noticed(1), after) == []


def test_the_end_is_told_once_to_who_was_told_the_beginning(scene: Scene) -> None:
    ended = alert(1, closed_at=NOW, seen_at=NOW, seen_by="chen")
    assert said(scene, [ended], noticed(1), LATER) == [("duty", [(1, "closed")])]
    assert said(scene, [ended], noticed(1, closing_sent_at=NOW), LATER) == []
    assert said(scene, [ended], {}, LATER) == []


def test_only_the_severities_and_owners_of_a_route_take_it(scene: Scene) -> None:
    assert said(scene, [alert(1, severity="warning")], {}, LATER) == []
    theirs = alert(2, severity="warning", owner=street(scene))
    assert said(scene, [theirs], {}, LATER) == [("streets", [(2, "new")])]
    assert said(scene, [alert(3, owner="nobody we know")], {}, LATER) == []


def test_each_owner_gets_a_message_of_their_own(scene: Scene) -> None:
    offices = [one.uscc for one in scene.offices.departments if one.kind == "street_office"][:2]
    found = letters(scene, [alert(1, owner=offices[0]), alert(2, owner=offices[1])], {}, LATER)
    assert [(letter.owner, letter.owner_name) for _, letter in found] == [(uscc, scene.names[uscc]) for uscc in offices]


def test_alerts_wait_over_holidays_where_the_route_says_so(scene: Scene) -> None:
    theirs = alert(1, owner=street(scene), first_seen_at=SUNDAY - timedelta(hours=1))
    assert said(scene, [theirs], {}, SUNDAY) == []
    assert said(scene, [theirs], {}, SUNDAY + timedelta(days=1)) == [("streets", [(1, "new")])]
    assert said(scene, [replace(theirs, severity="critical")], {}, SUNDAY) == [("streets", [(1, "new")])]


def test_alerts_wait_over_holidays_where_the_contract_says_so(scene: Scene) -> None:
    contract = next(iter(scene.contracts.values()))
    ours = alert(1, resource=contract.code, first_seen_at=SUNDAY - timedelta(hours=1))
    assert said(scene, [ours], {}, SUNDAY) == [("duty", [(1, "new")])]
    waits = contract.model_copy(update={"alerts": contract.alerts.model_copy(update={"holidays": "wait"})})
    waiting = replace(scene, contracts={**scene.contracts, contract.code: waits})
    assert said(waiting, [ours], {}, SUNDAY) == []
    assert said(waiting, [ours], {}, SUNDAY + timedelta(days=1)) == [("duty", [(1, "new")])]


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (4, 8), (20, 15)])
def test_a_channel_that_fails_rests_longer_each_time(scene: Scene, failures: int, minutes: int) -> None:
    failed = noticed(1, times_sent=0, sent_at=None, failures=failures, failed_at=LATER)
    assert said(scene, [alert(1)], failed, LATER + timedelta(minutes=minutes, seconds=-1)) == []
    assert said(scene, [alert(1)], failed, LATER + timedelta(minutes=minutes)) == [("duty", [(1, "new")])]


def test_a_department_answers_for_what_it_delivers_and_the_platform_for_the_rest(scene: Scene) -> None:
    code, one = next((code, one) for code, one in scene.contracts.items() if not hasattr(one.provider, "each"))
    office = scene.offices.provider(one, NOW.date()).uscc
    assert scene.owner("unusable", code, None, NOW.date()) == office
    assert scene.owner("failed", code, None, NOW.date()) == "platform"
    assert scene.owner("silent", "t_gone", "some code", NOW.date()) == "some code"
    assert scene.owner("stray", None, None, NOW.date()) == "platform"


def test_the_declarations_are_read_again_when_they_change(tmp_path: Path) -> None:
    from lakehouse.alerts.scene import stamp

    shutil.copytree(PROJECT / "cities" / "tiny", tmp_path / "tiny")
    instance = Instance(settings(home=tmp_path / "home", cities=tmp_path))
    before = stamp(instance)
    assert stamp(instance) == before
    (tmp_path / "tiny" / FILE).write_text(ROUTES, "utf-8")
    assert stamp(instance) != before
