"""The commands `airflow` and `dbt`, which run those tools in the environment of the instance."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from application import tools
from huiliu.dates import business_date
from lakehouse.config import Instance

# Everything from the first word on belongs to the tool: even --help, and options of the same name as ours.
HANDED_ON = {"allow_extra_args": True, "allow_interspersed_args": False, "ignore_unknown_options": True}
Arguments = Annotated[list[str] | None, typer.Argument(metavar="ARGUMENTS…", help="Handed on as they are written.")]


def register(app: typer.Typer) -> None:
    """Add `airflow` and `dbt` to the command line."""
    app.command(context_settings=HANDED_ON)(airflow)
    app.command(context_settings=HANDED_ON)(dbt)


def airflow(arguments: Arguments = None) -> None:
    """Run Airflow's command line in the environment of the instance, e.g. `huiliu airflow dags list`."""
    tools.become_airflow(Instance(), arguments or (), lambda line: typer.echo(line, err=True))


def dbt(
    arguments: Arguments = None,
    day: Annotated[
        date | None,
        typer.Option("--date", metavar="DATE", parser=business_date, help="Business date, before dbt's own words; default: the newest."),
    ] = None,
) -> None:
    """Run dbt on the instance's project and Spark, e.g. `huiliu dbt build -s my_model`; exit code of dbt.

    The project is rendered first, so an edited model counts at once. `build` and `run` also build the intermediate models that are read.
    """
    if code := tools.run_dbt(Instance(), day, arguments or ()):
        raise typer.Exit(code)
