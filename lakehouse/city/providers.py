"""Who delivers a resource: a contract names a kind of office, the city's `departments.csv` names the department.

A department may serve several regions, and a region may have several offices of a kind. No level is presumed to exist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakehouse.city.departments import Department, load_departments
from lakehouse.city.profile import CityProfile
from lakehouse.city.regions import RegionTree, load_regions
from lakehouse.contracts.model import Contract, EachProvider, OneProvider
from lakehouse.errors import ConfigError, Problem, problems_text

OFFICE_KINDS = {"district": "district_office", "street": "street_office", "community": "community_committee"}


@dataclass(frozen=True)
class Offices:
    """The departments of a city with its profile and its region tree."""

    profile: CityProfile
    departments: tuple[Department, ...]
    regions: RegionTree

    def providers(self, contract: Contract, on: date, sent: Collection[str] = ()) -> tuple[Department, ...]:
        """Return the departments that have to deliver a resource at a date, each once, in order of region.

        With `{each: street}` these are the offices of all streets in force at the date; with `senders: known` only those that delivered
        before (`sent`).

        Raises:
            ConfigError: a region has no office of the kind, or the contract wants one department and there is another number of them.
        """
        if isinstance(contract.provider, OneProvider):
            return (self.provider(contract, on),)
        offices = self._by_region(office_kind(contract.provider), on)
        level = contract.provider.each
        codes = [region.code for region in self.regions.at(on).of_level(level)]
        if contract.provider.senders == "known":
            return _once(office for code in codes for office in offices.get(code, ()) if office.uscc in sent)
        text = f"the {level} has no {office_kind(contract.provider)} at {on}."
        missing = [Problem(f"departments.csv: {code}", text, "", "add one.") for code in codes if code not in offices]
        if missing:
            raise ConfigError(problems_text(missing))
        return _once(office for code in codes for office in offices[code])

    def provider(self, contract: Contract, on: date) -> Department:
        """Return the one department that delivers a resource at a date.

        Raises:
            ConfigError: each region delivers by itself, or the city (or its province) has not exactly one office of the kind.
        """
        declared = contract.provider
        if isinstance(declared, EachProvider):
            text = f"each {declared.each} delivers by itself, so there is no one provider."
            raise ConfigError(Problem(f"{contract.file}: provider", text, "a kind of office of the city", "name the kind.").text())
        found = self._candidates(declared, on)
        if len(found) != 1:
            text = f"{len(found)} departments of kind {declared.kind} exist at {on}, but {contract.file} names one provider."
            fix = "add it, or correct the contract." if not found else "close one, or give it a kind of its own."
            raise ConfigError(Problem(f"departments.csv: {self._region(declared)}", text, "exactly one", fix).text())
        return found[0]

    def senders(self, contract: Contract, place: str, on: date) -> tuple[str, ...]:
        """Return the codes of the departments that may have sent a file at a date.

        `place` is what the file's path says: the region it is about, or the sending office; it means nothing where one department delivers
        for all.
        """
        if isinstance(contract.provider, OneProvider):
            return tuple(one.uscc for one in self._candidates(contract.provider, on))
        kind = office_kind(contract.provider)
        found = (one for one in self.departments if one.kind == kind and place in (one.region_code, one.uscc) and one.covers(on))
        return tuple(one.uscc for one in _once(found))

    def unclear(self, contract: Contract, on: date) -> Iterator[Problem]:
        """Yield a problem for each region with several offices of the kind where the paths of files name the region only."""
        if isinstance(contract.provider, OneProvider) or "{office}" in getattr(contract.source, "path", ""):
            return
        for region in self.regions.at(on).of_level(contract.provider.each):
            if len(found := self.senders(contract, region.code, on)) > 1:
                text = f"{len(found)} departments deliver {contract.code} at {on}, and the path of a file names the region only."
                fix = "let the contract's path hold {office} instead of {region}, or close one."
                yield Problem(f"departments.csv: {region.code}", text, "exactly one", fix)

    def _region(self, declared: OneProvider) -> str:
        return self.profile.region_code if declared.of == "city" else self.profile.province_code

    def _candidates(self, declared: OneProvider, on: date) -> tuple[Department, ...]:
        return _once(self._by_region(declared.kind, on).get(self._region(declared), ()))

    def _by_region(self, kind: str, on: date) -> dict[str, list[Department]]:
        found: dict[str, list[Department]] = {}
        for one in self.departments:
            if one.kind == kind and one.covers(on):
                found.setdefault(one.region_code, []).append(one)
        return found


def load_offices(city_folder: Path, profile: CityProfile) -> Offices:
    """Return the offices of a city.

    Raises:
        ConfigError: `departments.csv` or `regions.csv` is wrong; the message lists all problems of the file.
    """
    return Offices(profile, load_departments(city_folder), load_regions(city_folder))


def office_kind(provider: EachProvider) -> str:
    """Return the kind of department that delivers a resource when each region delivers its own batch."""
    return provider.kind or OFFICE_KINDS[provider.each]


def _once(offices: Iterable[Department]) -> tuple[Department, ...]:
    """Return departments without repeats: one that serves several regions stands in the file once for each."""
    return tuple({one.uscc: one for one in offices}.values())
