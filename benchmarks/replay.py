"""Compare the time of running a business day a second time with its first run.

    python -m benchmarks.replay --people 2000

Runs in a home of its own: builds the sample city, runs its first and second day, then the second day again. The last run may change
nothing: no table version, no byte that recipients can see.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Annotated

import typer

from application import sample
from application.day_run import run_by_hand
from benchmarks.homes import lived
from lakehouse.config import Instance
from lakehouse.errors import QualityError
from lakehouse.objects import open_area
from lakehouse.ops import connect, days
from spark_jobs.lake.storage import versions


@dataclass(frozen=True)
class Result:
    """Seconds of a day's first run and of running the same day again; `ratio`: first divided by again."""

    business_date: str
    first_seconds: float
    again_seconds: float
    ratio: float
    tables: int
    files: int


def again(instance: Instance, day: date, first_seconds: float) -> Result:
    """Run a published day again and return its seconds beside those of its first run.

    Raises:
        QualityError: the day is not published, or running it again changed something.
    """
    before = state(instance)
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
    if newest is None or newest.state != "published":
        raise QualityError(f"business day {day} is not published; there is nothing to run again")
    seconds = run_by_hand(instance, day, _silent)
    after = state(instance)
    if after != before:
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        raise QualityError(f"the day again changed {len(changed)} things: {', '.join(changed[:5])}")
    tables = len(versions(instance))
    ratio = round(first_seconds / seconds, 2)
    return Result(day.isoformat(), round(first_seconds, 1), round(seconds, 1), ratio, tables, len(before) - tables)


def measure(city: str, people: int) -> Result:
    """Run two days of a city of this size, and the second again.

    Raises:
        QualityError: a day is not published, or running it again changed something.
    """
    with lived(city, people) as instance:
        day = date.fromisoformat(instance.city.first_business_date)
        seconds = 0.0
        for one in (day, day + timedelta(days=1)):
            sample.feed(instance, one)
            seconds = run_by_hand(instance, one, _silent)
        return again(instance, day + timedelta(days=1), seconds)


def state(instance: Instance) -> dict[str, str]:
    """Return the version of every table and the hash of every file in the exchange that recipients can see."""
    area = open_area(instance, "exchange")
    files = [one.path for one in area.list("") if not one.path.startswith("_") and "build" not in one.path and "proofs" not in one.path]
    found = {path: hashlib.sha256(area.get(path)).hexdigest() for path in files}
    return found | {table: str(version) for table, version in versions(instance).items()}


def main(
    people: Annotated[int, typer.Option(min=200, help="Size of the sample city.")] = 2_000,
    city: Annotated[str, typer.Option(help="City profile: tiny or zhuhai.")] = "zhuhai",
) -> None:
    """Compare the time of running a day a second time with its first run."""
    typer.echo(json.dumps(asdict(measure(city, people))))


def _silent(_line: str) -> None:
    """Say nothing."""


if __name__ == "__main__":
    typer.run(main)
