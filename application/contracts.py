"""The steward's work on declarations: check all of them, begin a contract, compare two versions of the contracts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from lakehouse.city.clocks import load_clock_table
from lakehouse.city.departments import load_departments
from lakehouse.city.profile import misplaced
from lakehouse.city.providers import Offices
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from lakehouse.contracts.difference import Difference, differences
from lakehouse.contracts.loader import contract_paths, load_contract, load_contracts, load_sound_contracts, resource_code
from lakehouse.contracts.model import Contract
from lakehouse.contracts.skeleton import Start, skeleton
from lakehouse.declarations.authority import Authority, load_authority
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import OPEN_TASK, Policies, load_policies
from lakehouse.errors import ConfigError, LakehouseError, Problem, nearest_first
from lakehouse.naming import LEVELS
from lakehouse.returns.compiler import compile_return
from lakehouse.returns.model import Return, load_sound_returns
from lakehouse.returns.suppliers import contracts_behind

# Keys of a return whose effect comes later, and why they have none yet.
LATER = {
    "cycle": "every return goes out with every day",
    "receipt_required": "receipts are not taken yet, so nobody is reminded",
}


@dataclass(frozen=True)
class Checked:
    """What a check of all declarations found: the codes of the sound contracts, every problem, and every key without effect.

    A key without effect is right, but what it asks for is not done yet.
    """

    contracts: tuple[str, ...]
    problems: tuple[str, ...]
    without_effect: tuple[str, ...] = ()

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
    """Check contracts, code tables, clocks, policies, authority, returns, city profile, region tree and departments.

    All problems are reported together. A wrong file does not hide the problems of another one: what depends on it is checked as far as
    possible.
    """
    contracts, unsound = load_sound_contracts(instance.settings.contracts)
    problems = [*unsound, *_of_declarations(instance.settings.contracts, contracts), *_of_city(instance, contracts)]
    return Checked(tuple(sorted(contracts)), tuple(dict.fromkeys(problems)), tuple(_without_effect(instance.settings.contracts)))


def begin(instance: Instance, resource: str, sample: Path, provider: str, encoding: str) -> Begun:
    """Write a new contract from the header of a CSV file: every column is text, the first is the key; a steward decides the rest.

    `provider` is the kind of the city's office that delivers the resource.

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
    path.chmod(0o644)  # a declaration belongs to the project, not to the instance, whose files only its user can read
    load_contract(path)
    return Begun(path, headers)


def compare(instance: Instance, old: Path) -> dict[str, list[Difference]]:
    """Return the changes from the contracts of an earlier folder to the instance's, by resource; only resources with changes."""
    before, after = load_contracts(old), load_contracts(instance.settings.contracts)
    found = {code: differences(before[code], after[code]) for code in sorted(before.keys() & after.keys())}
    found |= {code: [Difference("contract", "is gone", False)] for code in sorted(before.keys() - after.keys())}
    return {code: changes for code, changes in found.items() if changes}


def _of_declarations(folder: Path, contracts: Mapping[str, Contract]) -> Iterator[str]:
    yield from _attempt(partial(load_code_tables, folder))[1]
    yield from _attempt(partial(load_clock_table, folder / "clocks.yaml"))[1]
    authority, wrong = _attempt(partial(load_authority, folder / "authority.yaml", contracts))
    yield from wrong
    policies, wrong = _attempt(partial(load_policies, folder / "policies.yaml"))
    yield from wrong
    returns, unreadable = load_sound_returns(folder / "returns")
    yield from unreadable.values()
    if policies:
        unsound = {resource_code(path) for path in contract_paths(folder)} - set(contracts)
        ready = (one for one in returns.values() if not unsound & set(one.resources))  # the problems of a contract are reported already
        yield from _of_returns(ready, policies, authority, contracts)


def _of_returns(
    returns: Iterable[Return], policies: Policies, authority: Authority | None, contracts: Mapping[str, Contract]
) -> Iterator[str]:
    """Yield the problems of returns; without a readable authority.yaml they are judged without the contracts behind them."""
    for declared in returns:
        behind, wrong = _attempt(partial(contracts_behind, declared, authority, contracts)) if authority else (None, [])
        yield from wrong
        yield from _attempt(partial(compile_return, declared, policies, behind or {}))[1]


def _of_city(instance: Instance, contracts: Mapping[str, Contract]) -> Iterator[str]:
    profile, wrong = _attempt(lambda: instance.city)
    yield from wrong
    tree, wrong = _attempt(partial(load_regions, instance.city_folder))
    yield from wrong
    departments, wrong = _attempt(partial(load_departments, instance.city_folder))
    yield from wrong
    if profile and tree and departments:
        first, offices = date.fromisoformat(profile.first_business_date), Offices(profile, departments, tree)
        yield from (problem.text() for problem in misplaced(instance.city_folder, profile, tree, first))
        for contract in contracts.values():
            yield from _attempt(partial(offices.providers, contract, first))[1]
            yield from (problem.text() for problem in offices.unclear(contract, first))


def _without_effect(folder: Path) -> Iterator[str]:
    """Yield the keys of returns and policies whose effect comes later, with the reason; files with problems are left out."""
    for declared in load_sound_returns(folder / "returns")[0].values():
        for name, reason in LATER.items():
            if name in declared.model_fields_set:
                yield f"{folder / 'returns' / declared.id}.yaml: {Return.model_fields[name].alias or name}: {reason}"
    policies, _ = _attempt(partial(load_policies, folder / "policies.yaml"))
    for name, levels in policies.classes.items() if policies else ():
        for level, treatment in levels.items():
            if treatment.exemption and treatment.exemption.when == OPEN_TASK:
                place = f"{folder / 'policies.yaml'}: classes.{name}.{level}"
                yield f"{place}: when {OPEN_TASK}: there are no tasks about rows yet, so {treatment.transform} holds"


def _attempt(load: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Load something: return the result and no problems, or None and the problems."""
    try:
        return load(), []
    except LakehouseError as error:
        return None, [str(error)]
