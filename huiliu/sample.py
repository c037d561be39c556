"""Returns the commands that build the synthetic city and feed its source systems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from huiliu import dates
from lakehouse.config import Instance
from lakehouse.connections import connection_url
from lakehouse.errors import ConfigError, Problem
from sample_city.feed.sample import Sample, SampleError, existing

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
        ConfigError: the size is impossible, another city is there, or its database does not answer.
    """
    with _told(instance, "init", "give the same size and seed, or remove the instance with `make clean`."):
        return Sample(*_where(instance), people=people, seed=seed).init()


def feed(instance: Instance, business_date: date) -> list[date]:
    """Returns the days that were fed now.

    Raises:
        ConfigError: there is no sample city, the day lies before its first, or its database does not answer.
    """
    with _told(instance, f"day {business_date}", "build the city with `huiliu sample init`, feed days from its first on."):
        return existing(*_where(instance)).day(business_date)


def _where(instance: Instance) -> tuple[Path, Path, str, Path]:
    url = connection_url(instance, CONNECTION).set(drivername="postgresql").render_as_string(hide_password=False)
    return instance.folder("sample"), instance.folder("inbox"), url, instance.city_folder


@contextmanager
def _told(instance: Instance, what: str, fix: str) -> Iterator[None]:
    """Says errors of the sample city, and that its database is away, as errors made for people."""
    where = f"huiliu sample {what}"
    try:
        yield
    except SampleError as error:
        raise ConfigError(Problem(where, str(error), "", fix).text()) from None
    except psycopg.OperationalError as error:
        url = connection_url(instance, CONNECTION)
        found = f"the database of the source systems does not answer at {url.host}:{url.port}/{url.database}, or refuses us."
        raise ConfigError(Problem(where, found, "", "run `huiliu up`, or check HUILIU_CONNECTION_SOURCE_CITY.").text()) from error
