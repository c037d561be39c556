"""The steward's work on declarations: check all of them, and compare two versions of the contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from lakehouse.alerts.routes import load_routes
from lakehouse.city.clocks import load_clock_table
from lakehouse.city.departments import Department, load_departments
from lakehouse.city.profile import misplaced
from lakehouse.city.providers import Offices
from lakehouse.city.regions import RegionTree, load_regions
from lakehouse.config import Instance
from lakehouse.contracts.difference import Difference, differences
from lakehouse.contracts.loader import load_contracts, load_sound_contracts, unread_codes
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.libraries import library_tables, read_libraries
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import Known, load_sound_libraries
from lakehouse.declarations.synonyms import load_synonyms
from lakehouse.errors import LakehouseError, Problem
from lakehouse.returns.addressees import addressees
from lakehouse.returns.compiler import compile_return
from lakehouse.returns.model import Return, load_sound_returns
from lakehouse.returns.runnable import check_tables, known_labels
from lakehouse.returns.sheets import sheet_problems
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


def check(instance: Instance) -> Checked:
    """Check contracts, code tables, clocks, policies, authority, libraries, returns, city profile, regions, departments, alerts.

    All problems are reported together. A wrong file does not hide the problems of another one: what depends on it is checked as far as
    possible.
    """
    contracts, unsound = load_sound_contracts(instance.settings.contracts)
    folder = instance.settings.contracts
    returns, unreadable = load_sound_returns(folder / "returns")
    declared = [*unsound, *unreadable.values(), *_of_declarations(instance, contracts, returns)]
    if not returns and not unreadable:
        nothing = Problem(str(folder / "returns"), "no return is declared.", "", "declare one, or leave out the steps of returns.")
        declared.append(nothing.text())
    problems = [*declared, *_of_city(instance, contracts, returns)]
    return Checked(tuple(sorted(contracts)), tuple(dict.fromkeys(problems)), tuple(_without_effect(folder)))


def compare(instance: Instance, old: Path, new: Path | None = None) -> dict[str, list[Difference]]:
    """Return the changes from the contracts of one folder to those of another (the instance's), by resource that has some."""
    before, after = load_contracts(old), load_contracts(new or instance.settings.contracts)
    found = {code: differences(before[code], after[code]) for code in sorted(before.keys() & after.keys())}
    fix = "put it back while its tables hold rows."
    found |= {code: [Difference("contract", "is gone", "impossible", fix)] for code in sorted(before.keys() - after.keys())}
    return {code: changes for code, changes in found.items() if changes}


def _of_declarations(instance: Instance, contracts: Mapping[str, Contract], returns: Mapping[str, Return]) -> Iterator[str]:
    folder, project = instance.settings.contracts, instance.settings.dbt_project
    yield from _attempt(partial(load_code_tables, folder))[1]
    yield from _attempt(partial(load_clock_table, folder / "clocks.yaml"))[1]
    yield from _attempt(partial(load_synonyms, folder))[1]
    authority, wrong = _attempt(partial(load_authority, folder / "authority.yaml", contracts))
    yield from wrong
    policies, wrong = _attempt(partial(load_policies, folder / "policies.yaml"))
    yield from wrong
    yield from (problem.text() for _, problem in sheet_problems(returns.values()))
    if policies:
        known = Known(contracts, authority, policies, unread_codes(folder, contracts)) if authority else None
        libraries, wrong = load_sound_libraries(known, project) if known else read_libraries(project)
        yield from wrong
        # the problems of these are reported already
        unread = unread_codes(folder, contracts) | (library_tables(project) - libraries.keys())
        for declared in returns.values():
            if unread.isdisjoint((*declared.resources, declared.source)):
                yield from _attempt(partial(contracts_behind, declared, authority, contracts))[1] if authority else ()
                yield from _attempt(partial(compile_return, declared, policies, libraries))[1]


def _of_city(instance: Instance, contracts: Mapping[str, Contract], returns: Mapping[str, Return]) -> Iterator[str]:
    profile, wrong = _attempt(lambda: instance.city)
    yield from wrong
    tree, wrong = _attempt(partial(load_regions, instance.city_folder))
    yield from wrong
    departments, wrong = _attempt(partial(load_departments, instance.city_folder))
    yield from wrong
    yield from _attempt(partial(load_routes, instance.city_folder))[1] if departments else ()
    if profile and tree and departments:
        first, offices = date.fromisoformat(profile.first_business_date), Offices(profile, departments, tree)
        yield from (problem.text() for problem in misplaced(instance.city_folder, profile, tree, first))
        for contract in contracts.values():
            yield from _attempt(partial(offices.providers, contract, first))[1]
            yield from (problem.text() for problem in offices.unclear(contract, first))
        known, _ = _attempt(partial(known_labels, instance.settings.contracts, tree.at(first), contracts))
        for declared in returns.values() if known else ():
            yield from _attempt(partial(check_tables, declared, known))[1]
        audiences = [audience for declared in returns.values() for audience in declared.audiences.values()]
        days = _days_of_change(tree, departments, first)
        handled = (_attempt(partial(addressees, audiences, tree.at(day), departments, day))[1] for day in days)
        yield from next((wrong for wrong in handled if wrong), [])  # of the first day that lacks a handler


def _days_of_change(tree: RegionTree, departments: Iterable[Department], first: date) -> list[date]:
    """Return the first business date, and every later date on which a region or department begins or ends."""
    spans = [(one.valid_from, one.valid_to) for one in tree.versions] + [(one.valid_from, one.valid_to) for one in departments]
    return sorted({first, *(day for span in spans for day in span if day is not None and day > first)})


def _without_effect(folder: Path) -> Iterator[str]:
    """Yield the keys of returns whose effect comes later, with the reason; files with problems are left out."""
    for declared in load_sound_returns(folder / "returns")[0].values():
        for name, reason in LATER.items():
            if name in declared.model_fields_set:
                yield f"{folder / 'returns' / declared.id}.yaml: {Return.model_fields[name].alias or name}: {reason}"


def _attempt(load: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Load something: return the result and no problems, or None and the problems."""
    try:
        return load(), []
    except LakehouseError as error:
        return None, [str(error)]
