"""The places of a city on a date: communities with their grids, streets, abolished codes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from random import Random

from sample_city.world.numbers import fraction

OPEN = date(9999, 12, 31)


@dataclass(frozen=True)
class Region:
    """One row of regions.csv: a region with its parent for a span of dates."""

    code: str
    name: str
    level: str
    parent: str
    valid_from: date
    valid_to: date
    successor: str


class Places:
    """The region tree of a city folder as in force on a date."""

    def __init__(self, folder: Path, on: date) -> None:
        self._folder = folder
        with (folder / "regions.csv").open(encoding="utf-8", newline="") as file:
            rows = [_region(row) for row in csv.DictReader(file)]
        self.regions = {row.code: row for row in rows if row.valid_from <= on < row.valid_to}
        self.abolished = sorted(
            (row for row in rows if row.level == "community" and row.valid_to <= on and row.successor in self.regions),
            key=lambda row: row.code,
        )
        with (folder / "departments.csv").open(encoding="utf-8", newline="") as file:
            self.departments = list(csv.DictReader(file))

    def on(self, day: date) -> Places:
        """Return the places as in force on another date."""
        return Places(self._folder, day)

    def _of_level(self, level: str) -> list[str]:
        return sorted(code for code, region in self.regions.items() if region.level == level)

    @cached_property
    def streets(self) -> list[str]:
        """Return the codes of all streets."""
        return self._of_level("street")

    @cached_property
    def communities(self) -> list[str]:
        """Return the codes of all communities that have a grid."""
        return [code for code in self._of_level("community") if code in self.grids_of]

    @cached_property
    def grids_of(self) -> dict[str, list[str]]:
        """Return the grids of each community, found by parent and not by the digits of the code."""
        found: dict[str, list[str]] = {}
        for code in self._of_level("grid"):
            found.setdefault(self.regions[code].parent, []).append(code)
        return found

    @cached_property
    def communities_of(self) -> dict[str, list[str]]:
        """Return the communities of each street."""
        found: dict[str, list[str]] = {street: [] for street in self.streets}
        for code in self.communities:
            found[self.regions[code].parent].append(code)
        return found

    @cached_property
    def _weights(self) -> list[float]:
        return list(accumulate(0.5 + fraction("weight", code) for code in self.communities))

    def share(self, community: str) -> float:
        """Return the share of the city's people who live in a community."""
        return (0.5 + fraction("weight", community)) / self._weights[-1]

    def some_community(self, rng: Random) -> str:
        """Return a random community, larger ones more often."""
        return rng.choices(self.communities, cum_weights=self._weights)[0]

    def some_grid(self, rng: Random, community: str) -> str:
        """Return a random grid of a community."""
        return rng.choice(self.grids_of[community])

    def name(self, code: str) -> str:
        """Return the name of a region."""
        return self.regions[code].name

    def street_of(self, community: str) -> str:
        """Return the street of a community."""
        return self.regions[community].parent

    def district_of(self, community: str) -> str:
        """Return the district of a community."""
        return next(region.code for region in self.line(community) if region.level == "district")

    def community_of(self, grid: str) -> str:
        """Return the community of a grid."""
        return self.regions[grid].parent

    def line(self, code: str) -> Iterator[Region]:
        """Yield a region and everything above it, upwards."""
        current = self.regions.get(code)
        while current is not None:
            yield current
            current = self.regions.get(current.parent)


def _region(row: dict[str, str]) -> Region:
    return Region(
        row["region_code"],
        row["name"],
        row["level"],
        row["parent_code"],
        date.fromisoformat(row["valid_from"]),
        date.fromisoformat(row["valid_to"]) if row["valid_to"] else OPEN,
        row["successor_code"],
    )
