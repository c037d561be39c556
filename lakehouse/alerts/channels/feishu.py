"""Send a message to the robot of a 飞书 (Feishu) group, as a card with Markdown, signed where the robot demands it (签名校验)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

from lakehouse.alerts.channels.posting import post, refuse_unless_taken
from lakehouse.alerts.channels.target import Target
from lakehouse.alerts.letter import Letter, markdown, title

MOST_BYTES = 18_000  # of the text; the whole body may have 20 KB
COLOURS = {"critical": "red", "error": "orange", "warning": "yellow", None: "green"}


def send(target: Target, letter: Letter) -> None:
    """Send a message.

    Raises:
        DeliveryError: it was not taken.
    """
    where, signed = f"channel {target.connection}", {}
    if target.secret:
        now = str(int(time.time()))
        signed = {"timestamp": now, "sign": signature(target.secret, now)}
    refuse_unless_taken(where, post(where, target.url, {**signed, "msg_type": "interactive", "card": _card(letter)}), "code")


def signature(secret: str, timestamp: str) -> str:
    """Return HMAC-SHA256 of nothing under the key of timestamp, line feed and secret, in Base64; the timestamp is in seconds."""
    return base64.b64encode(hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def _card(letter: Letter) -> dict[str, Any]:
    return {
        "config": {"wide_screen_mode": True},
        "header": {"title": {"tag": "plain_text", "content": title(letter)}, "template": COLOURS[letter.worst]},
        "elements": [{"tag": "markdown", "content": markdown(letter, MOST_BYTES)}],
    }
