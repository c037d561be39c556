"""Hand a message to the channel of its route."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lakehouse.alerts.channels import dingtalk, feishu, mail, webhook, wecom
from lakehouse.alerts.channels.target import Target, load_target
from lakehouse.alerts.letter import Letter
from lakehouse.alerts.routes import MailChannel, Route
from lakehouse.alerts.scene import Scene
from lakehouse.errors import LakehouseError

POSTS: Mapping[str, Callable[[Target, Letter], None]] = {
    "webhook": webhook.send,
    "wecom": wecom.send,
    "dingtalk": dingtalk.send,
    "feishu": feishu.send,
}


def dispatch(scene: Scene, route: Route, letter: Letter) -> str | None:
    """Send a message over its route; return None, or what hindered it: a channel that is down hinders nothing else."""
    channel = scene.routes.channels[route.channel]
    try:
        target = load_target(scene.instance, channel.kind, channel.connection)
        if isinstance(channel, MailChannel):
            mail.send(target, mail.Envelope(channel.sender, route.to), letter)
        else:
            POSTS[channel.kind](target, letter)
    except LakehouseError as error:
        return str(error)
    return None
