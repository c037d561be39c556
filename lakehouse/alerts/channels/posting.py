"""Send one request to a channel: a few attempts where the failure may pass, no redirects; no error tells the address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from lakehouse.alerts.channels.attempts import PassingError, attempts
from lakehouse.errors import DeliveryError, Problem

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
PASSING = frozenset({429, 500, 502, 503, 504})


def post(where: str, url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Post a JSON body and return the answer, which is no error.

    Raises:
        DeliveryError: there was no such answer in all attempts.
    """
    return send(where, url, as_bytes(body), headers)


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """Return a JSON body as the bytes that are sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def send(where: str, url: str, content: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Post bytes that are JSON, as `post` does."""
    return attempts()(_once, where, url, content, headers or {})


def refuse_unless_taken(where: str, answer: httpx.Response, key: str) -> None:
    """Raise unless a robot says that it took the message: it answers 200 also when it did not, and gives a number that is not 0.

    Raises:
        DeliveryError: it did not take the message.
    """
    try:
        number = answer.json()[key]
    except (ValueError, KeyError, TypeError):
        raise DeliveryError(Problem(where, f"the answer has no `{key}`.", "", "check the address of the channel.").text()) from None
    if number != 0:
        fix = "look the number up in the robot's manual: keywords, signature, allowed addresses or too many messages."
        raise DeliveryError(Problem(where, f"the message was not taken: {key} {int(number)}.", "", fix).text())


def _once(where: str, url: str, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
    sent = {"Content-Type": "application/json; charset=utf-8", **headers}
    try:
        answer = httpx.post(url, content=content, headers=sent, timeout=TIMEOUT, follow_redirects=False)
    except httpx.HTTPError as error:
        found = f"does not answer ({type(error).__name__})."
        raise PassingError(Problem(where, found, "", "check the address and the network.").text()) from None
    if not answer.is_success:
        kind = PassingError if answer.status_code in PASSING else DeliveryError
        raise kind(Problem(where, f"answered {answer.status_code}.", "200 to 299", "check the address of the channel.").text())
    return answer
