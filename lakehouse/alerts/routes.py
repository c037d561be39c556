"""Who is told what, over which channel (`cities/<city>/alerts.yaml`): channels and routes, without any secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from lakehouse.city.departments import Department, load_departments
from lakehouse.declarations.strict_yaml import Declared, read_declaration
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.ops.alerts import PLATFORM, SEVERITIES, Severity

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]
ALL_DEPARTMENTS = "departments"
FILE = "alerts.yaml"


class MailChannel(Declared):
    """A mail server (SMTP).

    Attributes:
        kind: `mail`.
        connection: `HUILIU_CONNECTION_<NAME>` is its address: `smtps://host:port`, `smtp+starttls://host:port`, or `smtp://host:port`
            without encryption; `HUILIU_SECRET_<NAME>` is `user:password`, where it asks for them.
        sender: the address that mails come from.
    """

    kind: Literal["mail"]
    connection: Name
    sender: MailAddress


class PostChannel(Declared):
    """An address that takes messages by HTTP.

    Attributes:
        kind: `webhook` (signed JSON), or the robot of a group: `wecom` (企业微信), `dingtalk` (钉钉), `feishu` (飞书).
        connection: `HUILIU_CONNECTION_<NAME>` is the whole address; `HUILIU_SECRET_<NAME>` is the secret it is signed with (needed by
            `webhook`; of `dingtalk` and `feishu` where the robot demands signatures).
    """

    kind: Literal["webhook", "wecom", "dingtalk", "feishu"]
    connection: Name


Channel = Annotated[MailChannel | PostChannel, Field(discriminator="kind")]


class Route(Declared):
    """Who is told what over one channel, how often, and whether that waits.

    Attributes:
        name: what lists call the route.
        owners: whose alerts: `platform` (the city's operators), `departments` (all of them), a kind of departments.csv, or the credit
            code of one department.
        severities: which of `critical`, `error`, `warning`.
        channel: one of `channels`.
        to: the mail addresses; of mail only.
        group_minutes: how long alerts that are not critical are gathered for one message.
        repeat_hours: after how many hours what nobody has seen is told again.
        holidays: `wait`: on days that are no working days only critical alerts are told.
    """

    name: Name
    owners: tuple[str, ...] = Field(min_length=1)
    severities: tuple[Severity, ...] = Field(SEVERITIES, min_length=1)
    channel: str
    to: tuple[MailAddress, ...] = ()
    group_minutes: int = Field(5, alias="groupMinutes", ge=0, le=240)
    repeat_hours: int = Field(4, alias="repeatHours", ge=1, le=168)
    holidays: Literal["tell", "wait"] = "tell"

    def covers(self, owner: str, kinds: Collection[str]) -> bool:
        """Return whether the alerts of an owner (a department of these kinds, or the platform) take this route."""
        named = {owner} if owner == PLATFORM else {owner, ALL_DEPARTMENTS, *kinds}
        return not named.isdisjoint(self.owners)


class Routes(Declared):
    """All of `alerts.yaml`."""

    version: str = "1.0.0"
    channels: dict[str, Channel] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()


def load_routes(city_folder: Path) -> Routes:
    """Return the routes of a city; none where it declares none.

    Raises:
        ContractError: the file is wrong; the message lists all its problems.
        ConfigError: `departments.csv` is wrong.
    """
    path = city_folder / FILE
    if not path.is_file():
        return Routes()
    routes = read_declaration(path, Routes)
    if problems := list(_problems(path, routes, load_departments(city_folder))):
        raise ContractError(problems_text(problems))
    return routes


def _problems(path: Path, routes: Routes, departments: Collection[Department]) -> Iterator[Problem]:
    owners = [PLATFORM, ALL_DEPARTMENTS, *sorted({one.kind for one in departments})]
    known = {*owners, *(one.uscc for one in departments)}
    for name, times in Counter(route.name for route in routes.routes).items():
        if times > 1:
            yield Problem(f"{path}: routes.{name}", f"{times} routes have this name.", "", "give each a name of its own.")
    for route in routes.routes:
        where, channel = f"{path}: routes.{route.name}", routes.channels.get(route.channel)
        if channel is None:
            found = f"there is no channel {route.channel!r}."
            yield Problem(f"{where}.channel", found, nearest_first(route.channel, list(routes.channels)), "name one of `channels`.")
        elif bool(route.to) != (channel.kind == "mail"):
            found = "has no addresses." if channel.kind == "mail" else f"has addresses, but a {channel.kind} goes to one place."
            yield Problem(f"{where}.to", found, "mail addresses, of a channel of kind mail only", "add or remove them.")
        for owner in route.owners:
            if owner not in known:
                allowed = f"{nearest_first(owner, owners)}, or the credit code of a department"
                yield Problem(f"{where}.owners", f"{owner!r} is no owner.", allowed, "name one of these.")
