"""Addresses and secrets of channels come from the environment; what is missing or wrong is told without showing them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.alerts.channels.target import load_target
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from tests.plugin.servers import settings

pytestmark = pytest.mark.fast


def instance(home: Path, url: str = "", secret: str = "") -> Instance:
    return Instance(settings(home=home, connections={"duty": url} if url else {}, secrets={"duty": secret} if secret else {}))


def test_the_address_and_the_secret_of_a_channel(tmp_path: Path) -> None:
    found = load_target(instance(tmp_path, "https://h.example/send?key=1", "s"), "dingtalk", "duty")
    assert (found.url, found.secret) == ("https://h.example/send?key=1", "s")
    assert load_target(instance(tmp_path, "smtps://h.example"), "mail", "duty").secret == ""


@pytest.mark.parametrize(
    ("kind", "url", "told"),
    [
        ("wecom", "", "HUILIU_CONNECTION_DUTY:\n  is not set"),
        ("wecom", "smtp://h.example:25", "is not the address of a wecom"),
        ("mail", "https://h.example/secret-path", "smtps://…, smtp"),
        ("mail", "smtps://user:secret-path@h.example", "is not the address of a mail"),
        ("mail", "smtps://h.example:secret-path", "is not the address of a mail"),
        ("webhook", "https://h.example/secret-path", "HUILIU_SECRET_DUTY:\n  is not set"),
    ],
)
def test_what_is_missing_or_wrong_is_told(tmp_path: Path, kind: str, url: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_target(instance(tmp_path, url), kind, "duty")
    assert told in str(error.value)
    assert "secret-path" not in str(error.value)
