"""The region tree of a city, effective-dated (`cities/<city>/regions.csv`): six levels, linked by parent, never by a code's digits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from lakehouse.declarations.headed_csv import headed_rows, validity
from lakehouse.errors import ConfigError, Problem, nearest_first, problems_text
from lakehouse.naming import CODE_LENGTHS, LEVELS

HEADER = ("region_code", "name", "level", "parent_code", "managed_by_code", "valid_from", "valid_to", "successor_code")
RECIPIENT_LEVELS = ("district", "street", "community", "grid")


@dataclass(frozen=True)
class Region:
    """One version of a region; `valid_to` is exclusive, None is open."""

    code: str
    name: str
    level: str
    parent_code: str | None
    managed_by_code: str | None
    valid_from: date
    valid_to: date | None
    successor_code: str | None

    def covers(self, at: date) -> bool:
        """Return whether the version is in force at a date."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


class RegionTree:
    """All versions of all regions of a city."""

    def __init__(self, versions: tuple[Region, ...]) -> None:
        self.versions = versions
        self._by_code: dict[str, list[Region]] = {}
        for version in versions:
            self._by_code.setdefault(version.code, []).append(version)
        for known in self._by_code.values():
            known.sort(key=lambda version: version.valid_from)
        self._states: dict[date, RegionState] = {}

    def at(self, on: date) -> RegionState:
        """Return the tree as it is at a date."""
        if on not in self._states:
            self._states[on] = RegionState({version.code: version for version in self.versions if version.covers(on)})
        return self._states[on]

    def history(self, code: str) -> tuple[Region, ...]:
        """Return the versions of a code, oldest first."""
        return tuple(self._by_code.get(code, ()))

    def find(self, code: str, on: date) -> Region | None:
        """Return the region in force at a date; a code padded with zeros to 12 digits finds its street or town."""
        return self.at(on).find(code)

    def known(self, code: str, level: str) -> bool:
        """Return whether a code of a level was in the tree at any date; a padded street code counts as a known community code."""
        if any(version.level == level for version in self.history(code)):
            return True
        street = unpadded(code)
        return level == "community" and street != code and any(version.level == "street" for version in self.history(street))

    def ancestors(self, code: str, on: date) -> dict[str, str]:
        """Return level → code of the region and everything above it, as it is at a date; empty for an unknown code."""
        return self.at(on).ancestors(code)

    def children(self, code: str, on: date) -> tuple[Region, ...]:
        """Return the regions directly below a region, in code order."""
        return self.at(on).children(code)

    def successor(self, code: str, on: date) -> str | None:
        """Return the code to use for a code at a date; None when there is none.

        While the code is in force, that is the code itself; later it is its successor, or the successor's successor, and so on.
        """
        seen: set[str] = set()
        while code not in seen:
            seen.add(code)
            if self.find(code, on) is not None:
                return code
            ended = [version for version in self.history(code) or self.history(unpadded(code)) if version.valid_from <= on]
            if not ended or ended[-1].successor_code is None:
                return None
            code = ended[-1].successor_code
        return None


class RegionState:
    """The region tree at one date."""

    def __init__(self, by_code: dict[str, Region]) -> None:
        self.by_code = by_code

    def find(self, code: str) -> Region | None:
        """Return the region of a code; a code padded with zeros to 12 digits finds its street or town."""
        return self.by_code.get(code) or self.by_code.get(unpadded(code))

    def ancestors(self, code: str) -> dict[str, str]:
        """Return level → code of the region and everything above it; empty for an unknown code."""
        chain: dict[str, str] = {}
        region = self.find(code)
        while region is not None:
            chain[region.level] = region.code
            region = self.by_code.get(region.parent_code or "")
        return {level: chain[level] for level in LEVELS if level in chain}

    def children(self, code: str) -> tuple[Region, ...]:
        """Return the regions directly below a region, in code order."""
        return self._children.get(code, ())

    def of_level(self, level: str) -> tuple[Region, ...]:
        """Return the regions of a level, in code order."""
        return self._levels.get(level, ())

    @property
    def levels(self) -> tuple[str, ...]:
        """Return the levels that have regions, highest first; not every city has all."""
        return tuple(level for level in LEVELS if level in self._levels)

    @cached_property
    def _children(self) -> dict[str, tuple[Region, ...]]:
        return _grouped((region.parent_code or "", region) for region in self.by_code.values())

    @cached_property
    def _levels(self) -> dict[str, tuple[Region, ...]]:
        return _grouped((region.level, region) for region in self.by_code.values())


def unpadded(code: str) -> str:
    """Return a registered code without the zeros that only say "not known below the street" (440402001000 → 440402001)."""
    street = CODE_LENGTHS["street"]
    return code[:street] if len(code) == CODE_LENGTHS["community"] and code.endswith("000") else code


def load_regions(city_folder: Path) -> RegionTree:
    """Return the region tree of a city.

    Raises:
        ConfigError: the file is wrong; the message lists all its problems.
    """
    path = city_folder / "regions.csv"
    problems: list[Problem] = []
    versions = tuple(_read(path, problems))
    if not problems:
        problems = list(_tree_problems(path, RegionTree(versions)))
    if problems:
        raise ConfigError(problems_text(problems))
    return RegionTree(versions)


def regions_sha256(city_folder: Path) -> str:
    """Return the SHA-256 of the region file, which manifests quote."""
    return hashlib.sha256((city_folder / "regions.csv").read_bytes()).hexdigest()


def _grouped(pairs: Iterator[tuple[str, Region]]) -> dict[str, tuple[Region, ...]]:
    groups: dict[str, list[Region]] = {}
    for name, region in pairs:
        groups.setdefault(name, []).append(region)
    return {name: tuple(sorted(group, key=lambda region: region.code)) for name, group in groups.items()}


def _read(path: Path, problems: list[Problem]) -> Iterator[Region]:
    for where, row in headed_rows(path, HEADER, problems):
        region = _region(where, row, problems)
        if region:
            yield region


def _region(where: str, row: dict[str, str], problems: list[Problem]) -> Region | None:
    level, code = row["level"], row["region_code"]
    if level not in LEVELS:
        problems.append(Problem(f"{where}: level", f"{level!r} is not a level.", nearest_first(level, LEVELS)))
        return None
    if not code.isdigit() or len(code) != CODE_LENGTHS[level]:
        problems.append(Problem(f"{where}: region_code", f"{code!r} is no code of a {level}.", f"{CODE_LENGTHS[level]} digits"))
        return None
    valid = validity(where, row, problems)
    if valid is None:
        return None
    if valid[0] is None:
        problems.append(Problem(f"{where}: valid_from", "is empty.", "YYYY-MM-DD", "say since when the region exists."))
        return None
    parent, manager, successor = (row[name] or None for name in ("parent_code", "managed_by_code", "successor_code"))
    return Region(code, row["name"], level, parent, manager, valid[0], valid[1], successor)


def _tree_problems(path: Path, tree: RegionTree) -> Iterator[Problem]:
    for version in tree.versions:
        yield from _place_problems(f"{path}: {version.code}", version, tree)
    for code in {version.code for version in tree.versions}:
        versions = tree.history(code)
        for earlier, later in pairwise(versions):
            if earlier.valid_to is None or later.valid_from < earlier.valid_to:
                yield Problem(f"{path}: {code}", "two versions are in force at the same time.", "", "close the earlier one with valid_to.")


def _place_problems(where: str, version: Region, tree: RegionTree) -> Iterator[Problem]:
    for name in ("parent_code", "managed_by_code", "successor_code"):
        other = getattr(version, name)
        if other is not None and not tree.history(other):
            yield Problem(f"{where}: {name}", f"{other} is not in the file.", "", "add the region, or correct the code.")
    if version.parent_code is None:
        if version.level != LEVELS[0]:
            yield Problem(f"{where}: parent_code", f"a {version.level} needs a parent.")
    elif not any(LEVELS.index(parent.level) < LEVELS.index(version.level) for parent in tree.history(version.parent_code)):
        yield Problem(f"{where}: parent_code", "the parent is not of a higher level.", ", ".join(LEVELS[: LEVELS.index(version.level)]))
    elif not _covered(version, tree.history(version.parent_code)):
        yield Problem(
            f"{where}: parent_code",
            f"{version.parent_code} is not in force during the whole validity of this region.",
            "",
            "close the gap between the versions of the parent.",
        )


def _covered(version: Region, parents: tuple[Region, ...]) -> bool:
    """Return whether the parent's versions cover the child's whole validity without a gap."""
    reached = version.valid_from
    for parent in parents:
        if parent.valid_from <= reached and (parent.valid_to is None or reached < parent.valid_to):
            if parent.valid_to is None:
                return True
            reached = parent.valid_to
    return version.valid_to is not None and version.valid_to <= reached
