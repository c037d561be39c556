"""Send a message to the robot of a 企业微信 (WeCom) group, as Markdown; the key stands in the robot's address."""

from __future__ import annotations

from lakehouse.alerts.channels.posting import post, refuse_unless_taken
from lakehouse.alerts.channels.target import Target
from lakehouse.alerts.letter import Letter, markdown

MOST_BYTES = 4096  # of the content, in UTF-8


def send(target: Target, letter: Letter) -> None:
    """Send a message.

    Raises:
        DeliveryError: it was not taken.
    """
    where = f"channel {target.connection}"
    answer = post(where, target.url, {"msgtype": "markdown", "markdown": {"content": markdown(letter, MOST_BYTES)}})
    refuse_unless_taken(where, answer, "errcode")
