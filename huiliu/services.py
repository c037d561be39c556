"""The commands that start, stop and show the services of an instance."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from application import services
from application.pages import start
from huiliu.disk import disk_line
from lakehouse.config import Instance, Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Only = Annotated[
    str, typer.Option(help="Only these, separated by commas: postgres, minio, sample_api, spark, sql_desk, airflow, telemetry, watcher.")
]


def register(app: typer.Typer) -> None:
    """Add `up`, `down` and `status` to the command line."""
    app.command()(up)
    app.command()(down)
    app.command()(status)


def up(
    only: Only = "",
    thrift: Annotated[
        bool, typer.Option("--thrift", help="Let JDBC clients in too (Thrift). It has no password: it lets anybody on this machine in.")
    ] = False,
    show_login: Annotated[bool, typer.Option("--show-login", help="Print the password of the Airflow UI.")] = False,
    as_json: Json = False,
) -> None:
    """Start the services of the instance and wait until they are healthy."""
    settings = Settings()
    instance = Instance(settings.model_copy(update={"thrift": True}) if thrift else settings)
    services.start(instance, _names(only) or None, _sayer(quiet=as_json))
    start.write(instance)
    _show(instance, as_json, services.airflow_login(instance) if show_login else None)


def down(only: Only = "", as_json: Json = False) -> None:
    """Stop the services of the instance, or only some; none of their processes is left behind."""
    instance = Instance()
    names = _names(only)
    services.stop(instance, names, _sayer(quiet=as_json))
    if as_json:
        typer.echo(json.dumps({"home": str(instance.home), "stopped": list(names) or True}))


def _names(only: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in only.split(",") if name.strip())


def status(as_json: Json = False) -> None:
    """Show the health of every component; exit code 0 only when all are healthy."""
    if not _show(Instance(), as_json):
        raise typer.Exit(1)


def _show(instance: Instance, as_json: bool, login: tuple[str, str] | None = None) -> bool:
    found = services.status(instance)
    shown_login = {"airflow_login": f"user {login[0]}, password {login[1]}"} if login else {}
    if as_json:
        components = {name: asdict(part) for name, part in found.components.items()}
        shown = {"home": str(instance.home), "healthy": found.healthy, "components": components, "memory_mib": found.memory_mib}
        shown |= {"disk": found.disk}
        typer.echo(json.dumps({**shown, **found.addresses, **shown_login}))
        return found.healthy
    for name, part in found.components.items():
        programs = ", ".join(
            f"{program} {state.lower()} {_megabytes(found.memory_mib.get(program))}".strip() for program, state in part.programs.items()
        )
        typer.echo(f"{'ok  ' if part.healthy else '—   '} {name:10} {programs}")
    for label, value in {**found.addresses, **shown_login}.items():
        typer.echo(f"     {label}: {value}")
    typer.echo(f"{'—   ' if found.disk['runs_short'] else 'ok  '} disk       {disk_line(found.disk)}")
    return found.healthy


def _megabytes(used: int | None) -> str:
    return f"({used} MiB)" if used else ""


def _sayer(*, quiet: bool) -> services.Say:
    return (lambda _line: None) if quiet else typer.echo
