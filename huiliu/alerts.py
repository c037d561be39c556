"""The commands that list alerts, note that they were seen, and send or try messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from application.alerts import Listed, asleep_since, find_alerts, see_alerts, send_due, try_routes
from huiliu.listings import Columns, as_object, show_list
from lakehouse.alerts.rounds import Sent
from lakehouse.config import Instance

COLUMNS: Columns[Listed] = {
    "alert": lambda one: one.alert.alert_id,
    "severity": lambda one: one.alert.severity,
    "kind": lambda one: one.alert.kind,
    "resource": lambda one: one.alert.resource,
    "owner": lambda one: one.owner_name or one.alert.owner,
    "date": lambda one: one.alert.business_date or "",
    "since": lambda one: f"{one.alert.first_seen_at:%Y-%m-%d %H:%M}",
    "told": lambda one: [f"{notice.route} {notice.times_sent}{' (fails)' if notice.failures else ''}" for notice in one.notices],
    "state": lambda one: one.state,
}
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `alerts list`, `seen`, `send` and `test` to the command line."""
    group = typer.Typer(help="Alerts: what is wrong now, who was told, and the channels over which people are told.", no_args_is_help=True)
    group.command("list")(list_alerts)
    group.command("seen")(seen)
    group.command("send")(send)
    group.command("test")(try_out)
    app.add_typer(group, name="alerts")


def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="List closed alerts too.")] = False,
    as_json: Json = False,
) -> None:
    """List what was wrong when the watcher looked last: the open alerts, or all with --all."""
    instance = Instance()
    show_list("alerts", find_alerts(instance, only_open=not everything), COLUMNS, as_json=as_json)
    if since := asleep_since(instance):
        typer.echo(f"{since}; `huiliu up` starts the watcher, `huiliu alerts send` looks once.", err=True)


def seen(alert_ids: Annotated[list[int], typer.Argument(help="Numbers of alerts.")]) -> None:
    """Note in your name that you have seen alerts: they are told no more, only their end will be."""
    see_alerts(Instance(), alert_ids)


def send(as_json: Json = False) -> None:
    """Look at what is wrong now and send what is due; exit code 1 when a message did not arrive."""
    _show(send_due(Instance()), "nothing is due.", as_json=as_json)


def try_out(
    route: Annotated[str, typer.Option(help="Only this route.")] = "",
    as_json: Json = False,
) -> None:
    """Send a trial message over every route; exit code 1 when one did not arrive."""
    _show(try_routes(Instance(), route), "", as_json=as_json)


def _show(sent: list[Sent], nothing: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(as_object({"sent": [asdict(one) for one in sent]}))
    else:
        for one in sent:
            about = f"{one.alerts} alerts of {one.owner}" if one.alerts else "trial"
            typer.echo(f"{'failed' if one.failure else 'sent  '} {one.route}: {about}" + (f"\n{one.failure}" if one.failure else ""))
        if not sent:
            typer.echo(nothing)
    if any(one.failure for one in sent):
        raise typer.Exit(1)
