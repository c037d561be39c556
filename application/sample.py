"""Build the synthetic city and feed its source systems; its errors are turned into `ConfigError`s that say how to fix them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg

from lakehouse.config import Instance
from lakehouse.connections import connection_url
from lakehouse.errors import ConfigError, Problem
from sample_city.feed.sample import Sample, SampleError, existing

CONNECTION = "source_city"


def ensure(instance: Instance, people: int, seed: int) -> dict[str, int]:
    """Build the city if there is none; return people, seed and rows of the first load (0 if it was built before).

    Raises:
        ConfigError: the size is not allowed, another city is there already, or its database does not answer.
    """
    with _told(instance, "init", "give the same size and seed, or remove the instance with `make clean`."):
        return Sample(*_where(instance), people=people, seed=seed).init()


def feed(instance: Instance, business_date: date) -> list[date]:
    """Feed the source systems up to and including a day; return the days that were fed by this call.

    Raises:
        ConfigError: there is no sample city, the day lies before its first, or its database does not answer.
    """
    with _told(instance, f"day {business_date}", "build the city with `huiliu sample init`; feed days from its first day on."):
        return existing(*_where(instance)).day(business_date)


def _where(instance: Instance) -> tuple[Path, Path, str, Path]:
    url = connection_url(instance, CONNECTION).set(drivername="postgresql").render_as_string(hide_password=False)
    return instance.folder("sample"), instance.folder("inbox"), url, instance.city_folder


@contextmanager
def _told(instance: Instance, what: str, fix: str) -> Iterator[None]:
    """Turn errors of the sample city, or of a database that does not answer, into a `ConfigError` that says how to fix it."""
    where = f"huiliu sample {what}"
    try:
        yield
    except SampleError as error:
        raise ConfigError(Problem(where, str(error), "", fix).text()) from None
    except psycopg.OperationalError as error:
        url = connection_url(instance, CONNECTION)
        found = f"the database of the source systems does not answer at {url.host}:{url.port}/{url.database}, or refuses us."
        raise ConfigError(Problem(where, found, "", "run `huiliu up`, or check HUILIU_CONNECTION_SOURCE_CITY.").text()) from error
