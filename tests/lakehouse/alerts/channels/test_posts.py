"""Webhook and robots of groups on a real HTTP server: formats and signatures as their makers document them, errors without addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from lakehouse.alerts.channels import attempts, dingtalk, feishu, webhook, wecom
from lakehouse.alerts.channels.target import Target
from lakehouse.alerts.letter import Letter
from lakehouse.errors import DeliveryError
from tests.lakehouse.alerts.letters import alert, letter
from tests.lakehouse.alerts.receivers import Receiver, receiver

pytestmark = pytest.mark.fast

SECRET = "SEC-of-the-robot+/="
SENDERS = {"webhook": webhook.send, "wecom": wecom.send, "dingtalk": dingtalk.send, "feishu": feishu.send}
Send = Callable[[Target, Letter], None]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_WAIT_SECONDS", 0.01)


def target(told: Receiver, path: str = "/hook?key=k-1-secret", secret: str = SECRET) -> Target:
    return Target("duty", f"{told.url}{path}", secret)


def test_a_webhook_can_tell_that_a_message_is_ours_and_whole() -> None:
    with receiver() as told:
        webhook.send(target(told), letter(alert(1, detail={"ticket": 7})))
    (one,) = told.got
    signed = one.headers["X-Huiliu-Timestamp"].encode() + b"." + one.body
    assert one.headers["X-Huiliu-Signature"] == "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert abs(int(one.headers["X-Huiliu-Timestamp"]) - time.time()) < 60
    body = json.loads(one.body)
    assert body["spec"] == "huiliu.alerts/1"
    assert body["owner"] == {"id": "platform", "name": ""}
    assert [(each["alert_id"], each["kind"], each["severity"], each["news"]) for each in body["alerts"]] == [(1, "blocked", "error", "new")]
    assert body["alerts"][0]["detail"] == {"ticket": 7}


def test_wecom_gets_markdown_of_at_most_4096_bytes() -> None:
    with receiver() as told:
        wecom.send(target(told, secret=""), letter(*(alert(number) for number in range(1, 200))))
    (one,) = told.got
    assert one.path == "/hook?key=k-1-secret"
    body = json.loads(one.body)
    assert body["msgtype"] == "markdown"
    assert len(body["markdown"]["content"].encode()) <= 4096
    assert "示范市" in body["markdown"]["content"]


def test_dingtalk_gets_markdown_signed_in_the_address() -> None:
    with receiver() as told:
        dingtalk.send(target(told, "/robot/send?access_token=t"), letter(alert(1)))
        dingtalk.send(target(told, "/robot/send?access_token=t", secret=""), letter(alert(1)))
    signed, plain = told.got
    query = parse_qs(urlsplit(signed.path).query, strict_parsing=True)
    assert query["access_token"] == ["t"]
    (timestamp,) = query["timestamp"]
    assert abs(int(timestamp) / 1000 - time.time()) < 60
    key = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(key).decode()]
    body = json.loads(signed.body)
    assert body["msgtype"] == "markdown"
    assert set(body["markdown"]) == {"title", "text"}
    assert plain.path == "/robot/send?access_token=t"


def test_feishu_gets_a_card_signed_in_the_body() -> None:
    with receiver() as told:
        feishu.send(target(told, "/open-apis/bot/v2/hook/x"), letter(alert(1, severity="critical")))
        feishu.send(target(told, "/open-apis/bot/v2/hook/x", secret=""), letter(alert(1), news="closed"))
    signed, plain = (json.loads(one.body) for one in told.got)
    assert abs(int(signed["timestamp"]) - time.time()) < 60
    key = f"{signed['timestamp']}\n{SECRET}".encode()
    assert signed["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert (signed["msg_type"], signed["card"]["header"]["template"]) == ("interactive", "red")
    assert "sign" not in plain
    assert plain["card"]["header"]["template"] == "green"


def test_known_signatures() -> None:
    """Values that a second implementation (openssl dgst -sha256 -mac HMAC) gave."""
    assert webhook.signature("secret", "1700000000", b"{}") == "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
    assert dingtalk.signature("this is secret", "1577262236757") == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="
    assert feishu.signature("demo", "1599360473") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu"])
def test_a_robot_that_answers_200_but_refuses_has_not_taken_the_message(kind: str) -> None:
    with receiver((200, b'{"errcode":93000,"code":93000,"errmsg":"invalid webhook url"}')) as told:
        with pytest.raises(DeliveryError, match=r"was not taken: (err)?code 93000"):
            SENDERS[kind](target(told), letter(alert(1)))
        assert len(told.got) == 1


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"other": 1}'])
def test_an_answer_of_another_program_is_no_receipt(answer: bytes) -> None:
    with receiver((200, answer)) as told, pytest.raises(DeliveryError, match="the answer has no `errcode`"):
        wecom.send(target(told), letter(alert(1)))


@pytest.mark.parametrize("kind", sorted(SENDERS))
def test_a_passing_failure_is_tried_again(kind: str) -> None:
    with receiver((503, b""), (200, b'{"errcode":0,"code":0}')) as told:
        SENDERS[kind](target(told), letter(alert(1)))
        assert len(told.got) == 2


@pytest.mark.parametrize(("status", "times"), [(403, 1), (302, 1), (503, 3)])
def test_no_error_tells_the_address_or_the_secret(status: int, times: int) -> None:
    with receiver((status, b"")) as told:
        with pytest.raises(DeliveryError) as error:
            webhook.send(target(told), letter(alert(1)))
        assert len(told.got) == times
    assert str(status) in str(error.value)
    assert not any(secret in str(error.value) for secret in ("k-1-secret", SECRET, told.url))


def test_a_channel_that_is_down_says_so_without_its_address() -> None:
    with receiver() as told:
        pass
    with pytest.raises(DeliveryError, match="channel duty:\n  does not answer") as error:
        wecom.send(target(told), letter(alert(1)))
    assert "k-1-secret" not in str(error.value)
    assert "k-1-secret" not in repr(target(told))
