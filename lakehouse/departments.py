"""Returns the departments of a city (`cities/<city>/departments.csv`) and who has to deliver a resource at a date."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from stdnum.cn import uscc

from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem, nearest_first, problems_text
from lakehouse.naming import LEVELS
from lakehouse.regions import RegionTree

HEADER = ("uscc", "name", "kind", "level", "region_code", "valid_from", "valid_to")
OFFICE_KINDS = {"district": "district_office", "street": "street_office", "community": "community_committee"}


@dataclass(frozen=True)
class Department:
    """One department; `valid_to` is exclusive, None is open."""

    uscc: str
    name: str
    kind: str
    level: str
    region_code: str
    valid_from: date
    valid_to: date | None

    def covers(self, at: date) -> bool:
        """Returns whether the department exists at a date."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


class Provider(NamedTuple):
    """Who delivers, and for which region."""

    uscc: str
    region_code: str


def load_departments(city_folder: Path) -> tuple[Department, ...]:
    """Returns the departments of a city, in file order.

    Raises:
        ConfigError: the file is wrong; all its problems.
    """
    problems: list[Problem] = []
    departments = tuple(_read(city_folder / "departments.csv", problems))
    if problems:
        raise ConfigError(problems_text(problems))
    return departments


def providers(contract: Contract, departments: tuple[Department, ...], tree: RegionTree, on: date) -> tuple[Provider, ...]:
    """Returns who has to deliver a resource at a date, in order of region; with `{each: street}` the office of every street in force.

    Raises:
        ConfigError: a region has no office, or the contract's provider is no department of the city.
    """
    existing = [department for department in departments if department.covers(on)]
    if isinstance(contract.provider, str):
        found = next((department for department in existing if department.uscc == contract.provider), None)
        if found is None:
            text = f"the provider {contract.provider} is no department of this city at {on}."
            raise ConfigError(Problem(f"{contract.file}: provider", text, "", "add it to departments.csv, or correct the contract.").text())
        return (Provider(found.uscc, found.region_code),)
    level = contract.provider.each
    offices = {department.region_code: department.uscc for department in existing if department.kind == OFFICE_KINDS[level]}
    regions = tree.at(on).of_level(level)
    missing = [
        Problem(f"departments.csv: {region.code}", f"the {level} has no {OFFICE_KINDS[level]} at {on}.", "", "add one.")
        for region in regions
        if region.code not in offices
    ]
    if missing:
        raise ConfigError(problems_text(missing))
    return tuple(Provider(offices[region.code], region.code) for region in regions)


def _read(path: Path, problems: list[Problem]) -> Iterator[Department]:
    if not path.is_file():
        problems.append(Problem(str(path), "the file is missing.", "", "every city lists its departments."))
        return
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if tuple(rows.fieldnames or ()) != HEADER:
            problems.append(Problem(f"{path}:1", "the header is not as agreed.", ",".join(HEADER), "correct the first line."))
            return
        for row in rows:
            department = _department(f"{path}:{rows.line_num}", row, problems)
            if department:
                yield department


def _department(where: str, row: dict[str, str | None], problems: list[Problem]) -> Department | None:
    if None in row or None in row.values():
        problems.append(Problem(where, f"the line does not have {len(HEADER)} fields.", "", "quote fields that hold a comma."))
        return None
    text = {name: value or "" for name, value in row.items()}
    if not uscc.is_valid(text["uscc"]):
        problems.append(
            Problem(f"{where}: uscc", f"{text['uscc']} is no unified social credit code.", "18 characters with check character")
        )
    if text["level"] not in LEVELS:
        problems.append(Problem(f"{where}: level", f"{text['level']!r} is not a level.", nearest_first(text["level"], LEVELS)))
    try:
        start = date.fromisoformat(text["valid_from"])
        end = date.fromisoformat(text["valid_to"]) if text["valid_to"] else None
    except ValueError:
        problems.append(Problem(where, "valid_from or valid_to is no date.", "YYYY-MM-DD; valid_to may be empty"))
        return None
    return Department(text["uscc"], text["name"], text["kind"], text["level"], text["region_code"], start, end)
