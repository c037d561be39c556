"""Hand a message to the channel of its route."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lakehouse.alerts.channels import dingtalk, feishu, mail, webhook, wecom
from lakehouse.alerts.channels.address import Address, load_address
from lakehouse.alerts.letter import Letter
from lakehouse.alerts.place import Place
from lakehouse.alerts.routes import MailChannel, Route
from lakehouse.errors import LakehouseError

POSTS: Mapping[str, Callable[[Address, Letter], None]] = {
    "webhook": webhook.send,
    "wecom": wecom.send,
    "dingtalk": dingtalk.send,
    "feishu": feishu.send,
}


def dispatch(place: Place, route: Route, letter: Letter) -> str | None:
    """Send a message over its route; return None, or what hindered it: a channel that is down hinders nothing else."""
    channel = place.routes.channels[route.channel]
    try:
        address = load_address(place.instance, channel.kind, channel.connection)
        if isinstance(channel, MailChannel):
            mail.send(address, mail.Envelope(channel.sender, route.to), letter)
        else:
            POSTS[channel.kind](address, letter)
    except LakehouseError as error:
        return str(error)
    return None
