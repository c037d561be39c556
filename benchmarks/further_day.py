"""Times a further business day by stage in cities of several sizes and says what grows.

    python -m benchmarks.further_day --people 20000 --people 200000

Per size, in a home of its own: the first day fills the lake, the second one is measured from the timings in its report. `growth` is the
ratio of the seconds of the largest city to those of the smallest; a stage whose seconds follow the number of people is said to grow.
Resources are taken in side by side, so the seconds of the ingest stages add up to more than the clock showed.
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

GROWS, STANDS = 0.5, 0.15  # of the way from "the same seconds" to "as many times longer as there are more people"


@dataclass(frozen=True)
class Measured:
    """A further day of a city: seconds by stage and in all, rows that came, packages, whether all invariants hold."""

    people: int
    seconds: float
    rows: int
    packages: int
    stages: dict[str, float]


@dataclass(frozen=True)
class Stage:
    """A stage of the day: its seconds in the smallest and the largest city, how many times longer, and whether it follows the people."""

    stage: str
    smallest_seconds: float
    largest_seconds: float
    growth: float
    says: str


def stages(found: report.DayReport) -> dict[str, float]:
    """Return the seconds of a report by stage, the resources of an ingest step together, only the last attempt of each."""
    last = {(one["step"], one["resource"]): one for one in sorted(found.timings, key=lambda one: one["attempt"])}
    sums: dict[str, float] = {}
    for (step, _), one in last.items():
        sums[step] = sums.get(step, 0.0) + one["seconds"]
    return {step: round(seconds, 2) for step, seconds in sums.items()}


def growth(measured: Sequence[Measured]) -> list[Stage]:
    """Return what becomes of each stage from the smallest city to the largest, the longest stage of the largest first."""
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
    """Return a further day of a city of this size.

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
    """Time a further day by stage in cities of several sizes."""
    measured = [measure(city, size) for size in people]
    answer = {"days": [asdict(one) for one in measured], "stages": [asdict(one) for one in growth(measured)]}
    typer.echo(json.dumps(answer, indent=1))


if __name__ == "__main__":
    typer.run(main)
