"""Returns the commands that build the synthetic city and feed its source systems."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from huiliu import dates
from lakehouse.config import Instance
from lakehouse.connections import connection_url
from lakehouse.errors import ConfigError, Problem
from sample_city.feed import Sample, SampleError, existing

CONNECTION = "source_city"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
group = typer.Typer(name="sample", help="Build the synthetic city and feed its source systems.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds `sample init` and `sample day` to the command line."""
    app.add_typer(group)


@group.command()
def init(
    people: Annotated[int, typer.Option(help="How many people live in the city.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The number all chance comes from.")] = 1,
    as_json: Json = False,
) -> None:
    """Build the synthetic city: its register, its hidden truth, 180 days of grid checks."""
    built = ensure(Instance(), people, seed)
    text = f"{built['people']:,} people, seed {built['seed']}, " + (
        f"{built['register_rows']:,} rows in the register." if built["register_rows"] else "already there."
    )
    typer.echo(json.dumps(built) if as_json else text)


@group.command()
def day(business_date: dates.Day, as_json: Json = False) -> None:
    """Feed the source systems one business day (and days left out before it); a day fed before stays as it is."""
    days = feed(Instance(), business_date)
    fed = [one.isoformat() for one in days]
    text = f"Fed {', '.join(fed)}." if fed else f"{business_date} was fed before; nothing changed."
    typer.echo(json.dumps({"fed": fed}) if as_json else text)


def ensure(instance: Instance, people: int, seed: int) -> dict[str, int]:
    """Returns people, seed and rows of the first load (0 where the city was built before).

    Raises:
        ConfigError: the size is impossible, or another city is there.
    """
    try:
        return Sample(*_where(instance), people=people, seed=seed).init()
    except SampleError as error:
        raise _problem("init", error, "give the same size and seed, or remove the instance with `make clean`.") from None


def feed(instance: Instance, business_date: date) -> list[date]:
    """Returns the days that were fed now.

    Raises:
        ConfigError: there is no sample city, or the day lies before its first.
    """
    try:
        return existing(*_where(instance)).day(business_date)
    except SampleError as error:
        raise _problem(f"day {business_date}", error, "build the city with `huiliu sample init`, feed days from its first on.") from None


def _where(instance: Instance) -> tuple[Path, Path, str, Path]:
    url = connection_url(instance, CONNECTION).set(drivername="postgresql").render_as_string(hide_password=False)
    return instance.folder("sample"), instance.folder("inbox"), url, instance.city_folder


def _problem(what: str, error: SampleError, fix: str) -> ConfigError:
    return ConfigError(Problem(f"huiliu sample {what}", str(error), "", fix).text())
