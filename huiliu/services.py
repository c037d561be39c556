"""Returns the commands that start, stop and show the services of an instance."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from infra.local import airflow, keys, lifecycle, spark
from infra.local.programs import COMPONENTS
from lakehouse import ops
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.jobs import JobRequest, run_job

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Adds `up`, `down` and `status` to the command line."""
    app.command()(up)
    app.command()(down)
    app.command()(status)


def up(
    only: Annotated[str, typer.Option(help="Start only these, separated by commas: postgres, minio, sample_api, spark, airflow.")] = "",
    as_json: Json = False,
) -> None:
    """Start the services of the instance and wait until they are healthy."""
    instance = Instance()
    start(instance, _components(only), quiet=as_json)
    _show(instance, as_json)


def down(as_json: Json = False) -> None:
    """Stop all services of the instance; no process is left behind."""
    instance = Instance()
    lifecycle.down(instance, _sayer(as_json))
    if as_json:
        typer.echo(json.dumps({"home": str(instance.home), "stopped": True}))


def status(as_json: Json = False) -> None:
    """Show the health of every component; exit code 0 only when all are well."""
    if not _show(Instance(), as_json):
        raise typer.Exit(1)


def start(instance: Instance, components: tuple[str, ...] | None = None, *, quiet: bool = False) -> None:
    """Starts the components and waits for them; what `huiliu up` and the tests call."""
    lifecycle.up(instance, components or lifecycle.needed(instance), lifecycle.Hooks(after_postgres, after_spark), _sayer(quiet))


def stop(instance: Instance) -> None:
    """Stops all services of the instance."""
    lifecycle.down(instance, _sayer(quiet=True))


def after_postgres(instance: Instance) -> None:
    """Brings the operational database to the present schema (PostgreSQL answers, nothing else runs yet)."""
    ops.migrate(instance)


def after_spark(instance: Instance) -> None:
    """Registers the lake's tables, which the in-memory catalog forgot, and writes the reference tables."""
    first = date.fromisoformat(instance.city.first_business_date)
    run_job("reference", JobRequest(first), instance)


def _show(instance: Instance, as_json: bool) -> bool:
    found = lifecycle.health(instance)
    used = lifecycle.memory(instance)
    well = all(part.healthy for part in found.values())
    if as_json:
        components = {name: asdict(part) for name, part in found.items()}
        shown = {"home": str(instance.home), "healthy": well, "components": components, "memory_mib": used}
        typer.echo(json.dumps({**shown, **addresses(instance)}))
        return well
    for name, part in found.items():
        programs = ", ".join(
            f"{program} {state.lower()} {_megabytes(used.get(program))}".strip() for program, state in part.programs.items()
        )
        typer.echo(f"{'ok  ' if part.healthy else '—   '} {name:10} {programs}")
    for label, value in addresses(instance).items():
        typer.echo(f"     {label}: {value}")
    return well


def _megabytes(used: int | None) -> str:
    return f"({used} MiB)" if used else ""


def addresses(instance: Instance) -> dict[str, str]:
    """Returns where each service is reached, with the password of the Airflow user."""
    ports = instance.ports
    return {
        "airflow": f"{airflow.base_url(instance)}  (user {keys.AIRFLOW_USER}, password {keys.airflow_password(instance)})",
        "spark_connect": spark.remote(instance),
        "spark_thrift": f"jdbc:hive2://127.0.0.1:{ports.spark_thrift}",
        "sample_api": f"http://127.0.0.1:{ports.sample_api}",
        "spark_ui": f"http://127.0.0.1:{ports.spark_ui}",
        **({"minio": f"http://127.0.0.1:{ports.minio}  (keys in {instance.key_path('minio.client')})"} if instance.has_own_store else {}),
        "postgres": f"127.0.0.1:{ports.postgres}  (user huiliu, password in {instance.key_path('postgres.password')})",
    }


def _components(only: str) -> tuple[str, ...] | None:
    names = tuple(name.strip() for name in only.split(",") if name.strip())
    wrong = [name for name in names if name not in COMPONENTS]
    if wrong:
        allowed = nearest_first(wrong[0], COMPONENTS)
        raise ConfigError(Problem("--only", f"there is no component {wrong[0]!r}.", allowed, "choose among these.").text())
    return names or None


def _sayer(quiet: bool) -> lifecycle.Say:
    return (lambda _line: None) if quiet else typer.echo
