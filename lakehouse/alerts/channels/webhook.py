"""Send a message as signed JSON: whoever has the secret can tell that it is ours, whole, and of now."""

from __future__ import annotations

import hashlib
import hmac
import time

from lakehouse.alerts.channels.posting import as_bytes
from lakehouse.alerts.channels.posting import send as send_bytes
from lakehouse.alerts.channels.target import Target
from lakehouse.alerts.letter import Letter, facts

TIMESTAMP, SIGNATURE = "X-Huiliu-Timestamp", "X-Huiliu-Signature"


def send(target: Target, letter: Letter) -> None:
    """Send a message.

    Raises:
        DeliveryError: it was not taken.
    """
    content, timestamp = as_bytes(facts(letter)), str(int(time.time()))
    headers = {TIMESTAMP: timestamp, SIGNATURE: f"sha256={signature(target.secret, timestamp, content)}"}
    send_bytes(f"channel {target.connection}", target.url, content, headers)


def signature(secret: str, timestamp: str, content: bytes) -> str:
    """Return HMAC-SHA256 of `timestamp.body` under the secret, in hexadecimal digits."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + content, hashlib.sha256).hexdigest()
