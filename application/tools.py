"""Run Airflow's and dbt's own command lines in the environment of an instance."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NoReturn

from infra.local import airflow, postgres
from lakehouse.config import Instance
from lakehouse.derive import dbt
from lakehouse.errors import ConfigError, Problem
from lakehouse.objects import open_area
from lakehouse.ops import audit, connect, days
from lakehouse.upkeep import turns
from spark_jobs.lake import dbt_command, dbt_runs, session

BENCH = "dbt"  # place of the intermediate rows, apart from those of the libraries of a day


def become_airflow(instance: Instance, arguments: Sequence[str], say: Callable[[str], None]) -> NoReturn:
    """Turn this process into Airflow's command line; say first when Airflow's database does not answer, because Airflow says it badly."""
    if not postgres.is_healthy(instance):
        say("PostgreSQL does not answer, so whatever needs Airflow's database will fail. Fix: run `huiliu up`.")
    airflow.become(instance, arguments)


def run_dbt(instance: Instance, day: date | None, arguments: Sequence[str]) -> int:
    """Run a dbt command on the libraries as known at a business date (default: the newest closed one) and return dbt's exit code.

    The audit keeps who ran which command, never its arguments, which may quote values.

    Raises:
        ConfigError: the command would write for a final date, another one is running, or dbt does not know an argument.
        ContractError: the contract of a silver table with data is wrong.
    """
    folder = instance.folder("derived", "dbt_command")
    if dbt_command.explains(arguments):
        return dbt_command.run(folder, {}, dbt_command.Command(tuple(arguments)))
    with alone(instance, "dbt"):
        contracts = dbt_runs.contracts_of(instance)
        project = dbt_runs.render(instance, contracts, folder)
        command = dbt_command.read(project, arguments)
        if not command.name:
            return dbt_command.run(project, {}, command)
        chosen = _chosen(instance, day, command)
        if command.name not in dbt_command.WITHOUT_LAKE:
            dbt_runs.connect(instance, contracts)
            with connect(instance) as connection:
                audit.append(connection, audit.operator(), "dbt", command.name, {"business_date": chosen.isoformat()})
        area = open_area(instance, "lake")
        place = (instance.timezone, instance.city.region_code, area.spark_url(), session.remote(instance))
        told = dbt.Run(chosen, *place, bench=BENCH)
        try:
            return dbt_command.run(project, told.variables(), command)
        finally:
            area.delete_below(told.staging)


def _chosen(instance: Instance, day: date | None, command: dbt_command.Command) -> date:
    """Return the date to run for.

    Raises:
        ConfigError: the date is final, and the command would write tables as they were known then over those of today.
    """
    with connect(instance) as connection:
        newest = days.last_closed(connection)
        final = day is not None and days.is_final(connection, day)
    last = newest.business_date if newest else date.fromisoformat(instance.city.first_business_date)
    if day is not None and final and command.name in dbt_command.WRITING:
        found = f"{day} is final, because a later date is published; `dbt {command.name}` would set the libraries back to it."
        raise ConfigError(Problem("huiliu dbt --date", found, f"{last} or later", "leave the date out.").text())
    return day or last


@contextmanager
def alone(instance: Instance, command: str) -> Iterator[None]:
    """Hold the lock of a command that writes tables; upkeep leaves them alone meanwhile.

    Raises:
        ConfigError: another one holds it.
    """
    with only_one(instance, command), turns.writing(instance):
        yield


@contextmanager
def only_one(instance: Instance, command: str) -> Iterator[None]:
    """Hold the lock of a command: two runs of it would use the same folders and the same tables of their own.

    Raises:
        ConfigError: another one holds it.
    """
    with (instance.folder("run") / f"{command}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(Problem(f"huiliu {command}", f"another `huiliu {command}` is running.", "", "wait for it.").text()) from None
        yield
