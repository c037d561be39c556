"""Routes of alerts are declared strictly: all problems of the file at once, each with what is allowed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lakehouse.alerts.routes import FILE, Routes, load_routes
from lakehouse.config import PROJECT
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast


@pytest.fixture
def city(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "cities" / "tiny", tmp_path / "tiny")
    return tmp_path / "tiny"


def test_a_city_without_the_file_tells_nobody(city: Path) -> None:
    assert load_routes(city) == Routes()


def test_the_example_of_the_page_is_right(city: Path) -> None:
    page = (PROJECT / "docs" / "reference" / "alerts.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    (city / FILE).write_text(example[1], "utf-8")
    routes = load_routes(city)
    assert {channel.kind for channel in routes.channels.values()} == {"mail", "webhook", "wecom", "dingtalk", "feishu"}
    assert {route.channel for route in routes.routes} == set(routes.channels)


def test_all_problems_are_told_at_once(city: Path) -> None:
    (city / FILE).write_text(
        """
channels:
  duty: {kind: wecom, connection: duty}
  post: {kind: mail, connection: post, sender: a@b.cn}
routes:
  - {name: one, owners: [platform], channel: dutty}
  - {name: one, owners: [street_ofice], channel: duty, to: [c@d.cn]}
  - {name: two, owners: [departments], channel: post}
""",
        "utf-8",
    )
    with pytest.raises(ContractError) as error:
        load_routes(city)
    text = str(error.value)
    assert "2 routes have this name" in text
    assert "there is no channel 'dutty'.\n  Allowed: duty" in text
    assert "a wecom goes to one place" in text
    assert "'street_ofice' is no owner.\n  Allowed: street_office" in text
    assert "routes.two.to:\n  has no addresses." in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("chanels: {}", "Allowed: channels"),
        ("channels: {a: {kind: sms, connection: a}}", "'sms' is not allowed"),
        ("channels: {a: {kind: wecom, connection: a, secret: x}}", "the key 'secret' is unknown"),
        ("routes: [{name: a, owners: [platform], channel: a, severities: [fatal]}]", "'fatal' is not allowed"),
        ("routes: [{name: a, owners: [platform], channel: a, repeatHours: 0}]", "greater than or equal to 1"),
    ],
)
def test_what_is_not_declared_so_is_refused(city: Path, text: str, told: str) -> None:
    (city / FILE).write_text(text, "utf-8")
    with pytest.raises(ContractError, match=re.escape(told)):
        load_routes(city)


def test_a_route_covers_the_owners_it_names(city: Path) -> None:
    (city / FILE).write_text(
        """
channels: {a: {kind: wecom, connection: a}}
routes:
  - {name: operators, owners: [platform], channel: a}
  - {name: all, owners: [departments], channel: a}
  - {name: streets, owners: [street_office], channel: a}
""",
        "utf-8",
    )
    routes = load_routes(city).routes
    assert [route.name for route in routes if route.covers("platform", ())] == ["operators"]
    assert [route.name for route in routes if route.covers("X", {"street_office"})] == ["all", "streets"]
    assert [route.name for route in routes if route.covers("X", {"civil_affairs"})] == ["all"]
