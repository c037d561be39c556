"""Send a message to the robot of a 钉钉 (DingTalk) group, as Markdown, signed where the robot demands it (加签)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import httpx

from lakehouse.alerts.channels.posting import post, refuse_unless_taken
from lakehouse.alerts.channels.target import Target
from lakehouse.alerts.letter import Letter, markdown, title

MOST_BYTES = 18_000  # of the text; the whole body may have 20,000


def send(target: Target, letter: Letter) -> None:
    """Send a message.

    Raises:
        DeliveryError: it was not taken.
    """
    where, url = f"channel {target.connection}", target.url
    if target.secret:
        now = str(time.time_ns() // 1_000_000)
        url = str(httpx.URL(url).copy_merge_params({"timestamp": now, "sign": signature(target.secret, now)}))
    body = {"msgtype": "markdown", "markdown": {"title": title(letter), "text": markdown(letter, MOST_BYTES)}}
    refuse_unless_taken(where, post(where, url, body), "errcode")


def signature(secret: str, timestamp: str) -> str:
    """Return HMAC-SHA256 of timestamp, line feed and secret under the secret, in Base64; the timestamp is in milliseconds."""
    return base64.b64encode(hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()).decode()
