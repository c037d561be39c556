"""The departments of a city (`cities/<city>/departments.csv`), and which of them have to deliver a resource at a date."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from lakehouse.city.regions import RegionTree
from lakehouse.contracts.model import Contract, EachProvider
from lakehouse.declarations.headed_csv import headed_rows, validity
from lakehouse.errors import ConfigError, Problem, nearest_first, problems_text
from lakehouse.naming import LEVELS
from lakehouse.numbers.entity import uscc_fault

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
        """Return whether the department exists at a date."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


class Provider(NamedTuple):
    """A department that delivers a resource, and the region it delivers for."""

    uscc: str
    region_code: str


def load_departments(city_folder: Path) -> tuple[Department, ...]:
    """Return the departments of a city, in file order.

    Raises:
        ConfigError: the file is wrong; the message lists all its problems.
    """
    problems: list[Problem] = []
    departments = tuple(_read(city_folder / "departments.csv", problems))
    if problems:
        raise ConfigError(problems_text(problems))
    return departments


def office_kind(provider: EachProvider) -> str:
    """Return the kind of department that delivers a resource when each region delivers its own batch."""
    return provider.kind or OFFICE_KINDS[provider.each]


def providers(
    contract: Contract, departments: tuple[Department, ...], tree: RegionTree, on: date, sent: Collection[str] = ()
) -> tuple[Provider, ...]:
    """Return the providers that have to deliver a resource at a date, in order of region.

    With `{each: street}` these are the offices of all streets in force at the date; with `senders: known` only those that delivered before
    (`sent`).

    Raises:
        ConfigError: a region has no office, or the contract's provider is no department of the city.
    """
    existing = [department for department in departments if department.covers(on)]
    if isinstance(contract.provider, str):
        return (_named(contract, contract.provider, existing, on),)
    level, kind = contract.provider.each, office_kind(contract.provider)
    offices = {department.region_code: department.uscc for department in existing if department.kind == kind}
    regions = tree.at(on).of_level(level)
    if contract.provider.senders == "known":
        regions = tuple(region for region in regions if offices.get(region.code) in sent)
    missing = [
        Problem(f"departments.csv: {region.code}", f"the {level} has no {kind} at {on}.", "", "add one.")
        for region in regions
        if region.code not in offices
    ]
    if missing:
        raise ConfigError(problems_text(missing))
    return tuple(Provider(offices[region.code], region.code) for region in regions)


def _named(contract: Contract, provider: str, existing: list[Department], on: date) -> Provider:
    found = next((department for department in existing if department.uscc == provider), None)
    if found is None:
        text = f"the provider {provider} is no department of this city at {on}."
        raise ConfigError(Problem(f"{contract.file}: provider", text, "", "add it to departments.csv, or correct the contract.").text())
    return Provider(found.uscc, found.region_code)


def _read(path: Path, problems: list[Problem]) -> Iterator[Department]:
    for where, row in headed_rows(path, HEADER, problems):
        if uscc_fault(row["uscc"]) is not None:
            found = f"{row['uscc']} is no unified social credit code."
            problems.append(Problem(f"{where}: uscc", found, "18 characters with check character"))
        if row["level"] not in LEVELS:
            problems.append(Problem(f"{where}: level", f"{row['level']!r} is not a level.", nearest_first(row["level"], LEVELS)))
        valid = validity(where, row, problems)
        if valid and valid[0] is None:
            problems.append(Problem(f"{where}: valid_from", "is empty.", "YYYY-MM-DD", "say since when the department exists."))
        elif valid and valid[0]:
            yield Department(row["uscc"], row["name"], row["kind"], row["level"], row["region_code"], valid[0], valid[1])
