"""Measure a business day after the first, by stage, in cities of several sizes, and report which stages take longer in larger cities.

    python -m benchmarks.further_day --people 20000 --people 200000

Each size runs in a home of its own. The first day fills the lake; the second is measured from the timings in its report. `growth` is the
ratio of the seconds of the largest city to those of the smallest; a stage whose seconds follow the number of people is said to grow.
Resources are taken in side by side, so the seconds of the ingest stages add up to more than the elapsed time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Annotated

import typer

from application import report, sample
from application.day_run import run_by_hand
from benchmarks.homes import lived
from lakehouse.errors import QualityError

GROWS, STANDS = 0.5, 0.15  # share of the way from "takes the same time" (0) to "takes as many times longer as there are more people" (1)


@dataclass(frozen=True)
class Measured:
    """The second day of a city: people, seconds in total and by stage, rows received, packages."""

    people: int
    seconds: float
    rows: int
    packages: int
    stages: dict[str, float]


@dataclass(frozen=True)
class Stage:
    """A stage of the day: seconds in the smallest and the largest city, their ratio, and whether they grow with the number of people."""

    stage: str
    smallest_seconds: float
    largest_seconds: float
    growth: float
    says: str


def stages(found: report.DayReport) -> dict[str, float]:
    """Return the seconds of a report by stage, summed over the resources of an ingest step; only the last attempt of each step counts."""
    last = {(one["step"], one["resource"]): one for one in sorted(found.timings, key=lambda one: one["attempt"])}
    sums: dict[str, float] = {}
    for (step, _), one in last.items():
        sums[step] = sums.get(step, 0.0) + one["seconds"]
    return {step: round(seconds, 2) for step, seconds in sums.items()}


def growth(measured: Sequence[Measured]) -> list[Stage]:
    """Compare each stage in the smallest and the largest city; the stage that takes longest in the largest comes first."""
    smallest, largest = min(measured, key=lambda one: one.people), max(measured, key=lambda one: one.people)
    times = largest.people / smallest.people
    found = []
    for stage in smallest.stages.keys() | largest.stages.keys():
        before, after = smallest.stages.get(stage, 0.0), largest.stages.get(stage, 0.0)
        ratio = after / max(before, 0.01)
        way = (ratio - 1) / (times - 1) if times > 1 else 0.0
        says = "grows with the people" if way >= GROWS else "hardly grows" if way <= STANDS else "grows slower than the people"
        found.append(Stage(stage, before, after, round(ratio, 2), says))
    return sorted(found, key=lambda one: -one.largest_seconds)


def measure(city: str, people: int) -> Measured:
    """Run two days of a city of this size and measure the second.

    Raises:
        QualityError: an invariant of a day does not hold.
    """
    with lived(city, people) as instance:
        first = date.fromisoformat(instance.city.first_business_date)
        for day in (first, first + timedelta(days=1)):
            sample.feed(instance, day)
            seconds = run_by_hand(instance, day, lambda line: typer.echo(f"{people:>9,} {line.strip()}", err=True))
            found = report.collect(instance, day)
            if not found.is_well:
                raise QualityError(f"{people} people, {day}: an invariant does not hold; see the report")
        rows = sum(batch["received"] for batch in found.batches)
        return Measured(people, round(seconds, 1), rows, found.packages["packages"], stages(found))


def main(
    people: Annotated[list[int], typer.Option(min=200, help="Sizes of the city; give several to see what grows.")],
    city: Annotated[str, typer.Option(help="City profile: tiny or zhuhai.")] = "zhuhai",
) -> None:
    """Measure a business day after the first, by stage, in cities of several sizes."""
    measured = [measure(city, size) for size in people]
    answer = {"days": [asdict(one) for one in measured], "stages": [asdict(one) for one in growth(measured)]}
    typer.echo(json.dumps(answer, indent=1))


if __name__ == "__main__":
    typer.run(main)
