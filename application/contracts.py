"""The steward's work on declarations: check all of them, begin a contract, compare two versions of the contracts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from lakehouse.city.departments import Department, load_departments, providers
from lakehouse.city.regions import RegionTree, load_regions
from lakehouse.config import Instance
from lakehouse.contracts.difference import Difference, differences
from lakehouse.contracts.loader import load_contract, load_contracts, load_sound_contracts, unread_codes
from lakehouse.contracts.model import Contract
from lakehouse.contracts.skeleton import Start, skeleton
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.libraries import library_tables, read_libraries
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import Known, load_sound_libraries
from lakehouse.errors import ConfigError, LakehouseError, Problem, nearest_first
from lakehouse.naming import LEVELS
from lakehouse.returns.addressees import addressees
from lakehouse.returns.compiler import compile_return
from lakehouse.returns.model import Return, load_returns
from lakehouse.returns.reading import check_sheets, load_labels


@dataclass(frozen=True)
class Checked:
    """What a check of all declarations found: the codes of the sound contracts, and every problem, each told once."""

    contracts: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True)
class Begun:
    """A new contract: its file, and the columns named by the header of the sample file."""

    path: Path
    columns: list[str]


def check(instance: Instance) -> Checked:
    """Check contracts, code tables, policies, authority, libraries, returns, city profile, region tree and departments.

    All problems are reported together. A wrong file does not hide the problems of another one: what depends on it is checked as far as
    possible.
    """
    contracts, unsound = load_sound_contracts(instance.settings.contracts)
    folder = instance.settings.contracts
    returns, wrong = _attempt(partial(load_returns, folder / "returns"))
    problems = [*unsound, *wrong, *_of_declarations(folder, contracts, returns or {}), *_of_city(instance, contracts, returns or {})]
    return Checked(tuple(sorted(contracts)), tuple(dict.fromkeys(problems)))


def begin(instance: Instance, resource: str, sample: Path, provider: str, encoding: str) -> Begun:
    """Write a new contract from the header of a CSV file: every column is text, the first is the key; a steward decides the rest.

    Raises:
        ConfigError: the level is unknown, or the contract exists already.
    """
    level, _, code = resource.partition("/")
    if level not in LEVELS:
        raise ConfigError(Problem(resource, f"{level!r} is not a level.", nearest_first(level, LEVELS), "write <level>/<code>.").text())
    path = instance.settings.contracts / "resources" / level / f"{code}.odcs.yaml"
    if path.exists():
        raise ConfigError(Problem(str(path), "the file exists.", "", "choose another code.").text())
    with sample.open(encoding=encoding, newline="") as lines:
        headers = next(csv.reader(lines), [])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(skeleton(Start(code, code, level, provider, [header.lstrip("\ufeff") for header in headers], encoding)), "utf-8")
    load_contract(path)
    return Begun(path, headers)


def compare(instance: Instance, old: Path) -> dict[str, list[Difference]]:
    """Return the changes from the contracts of an earlier folder to the instance's, by resource; only resources with changes."""
    before, after = load_contracts(old), load_contracts(instance.settings.contracts)
    found = {code: differences(before[code], after[code]) for code in sorted(before.keys() & after.keys())}
    found |= {code: [Difference("contract", "is gone", False)] for code in sorted(before.keys() - after.keys())}
    return {code: changes for code, changes in found.items() if changes}


def _of_declarations(folder: Path, contracts: Mapping[str, Contract], returns: Mapping[str, Return]) -> Iterator[str]:
    unread = unread_codes(folder, contracts)
    yield from _attempt(partial(load_code_tables, folder))[1]
    authority, wrong = _attempt(partial(load_authority, folder / "authority.yaml", contracts))
    yield from wrong
    policies, wrong = _attempt(partial(load_policies, folder / "policies.yaml"))
    yield from wrong
    yield from _attempt(partial(check_sheets, returns.values()))[1]
    if policies:
        sound, wrong = load_sound_libraries(Known(contracts, authority, policies, unread)) if authority else read_libraries()
        yield from wrong
        for declared in returns.values():
            if unread.isdisjoint(declared.resources) and declared.source not in library_tables() - sound.keys():
                yield from _attempt(partial(compile_return, declared, policies, contracts, sound))[1]
            # else it needs a contract or a library whose problems are reported already


def _of_city(instance: Instance, contracts: Mapping[str, Contract], returns: Mapping[str, Return]) -> Iterator[str]:
    profile, wrong = _attempt(lambda: instance.city)
    yield from wrong
    tree, wrong = _attempt(partial(load_regions, instance.city_folder))
    yield from wrong
    departments, wrong = _attempt(partial(load_departments, instance.city_folder))
    yield from wrong
    if profile and tree and departments:
        first = date.fromisoformat(profile.first_business_date)
        for contract in contracts.values():
            yield from _attempt(partial(providers, contract, departments, tree, first))[1]
        yield from _attempt(partial(load_labels, instance.settings.contracts, returns.values(), tree.at(first), contracts))[1]
        audiences = [audience for declared in returns.values() for audience in declared.audiences.values()]
        days = _days_of_change(tree, departments, first)
        handled = (_attempt(partial(addressees, audiences, tree.at(day), departments, day))[1] for day in days)
        yield from next((wrong for wrong in handled if wrong), [])  # of the first day that lacks a handler


def _days_of_change(tree: RegionTree, departments: Iterable[Department], first: date) -> list[date]:
    """Return the first business date, and every later date on which a region or department begins or ends."""
    spans = [(one.valid_from, one.valid_to) for one in tree.versions] + [(one.valid_from, one.valid_to) for one in departments]
    return sorted({first, *(day for span in spans for day in span if day is not None and day > first)})


def _attempt(load: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Load something: return the result and no problems, or None and the problems."""
    try:
        return load(), []
    except LakehouseError as error:
        return None, [str(error)]
