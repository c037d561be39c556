"""The data dictionary: every curated table and every resource, column by column — type, class, grade, codes, authority, receivers.

Derived from contracts, the dbt project's descriptions, authority, policies and returns; reads no data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from lakehouse.contracts.model import Column, Contract
from lakehouse.declarations.authority import Authority, EntityAuthority, supplied
from lakehouse.declarations.libraries import DeclaredLibrary
from lakehouse.declarations.policies import Policies
from lakehouse.derive.curated import Model, ModelColumn
from lakehouse.errors import ContractError
from lakehouse.naming import LOCALITY_COLUMNS
from lakehouse.returns.compiler import Plan, compile_return
from lakehouse.returns.model import Return
from lakehouse.returns.suppliers import contracts_behind


@dataclass(frozen=True)
class Receipt:
    """How an audience of a return receives a column: its transform (`drop`: not at all), and a separate one for rows of minors."""

    return_id: str
    audience: str
    transform: str
    minor_transform: str | None


@dataclass(frozen=True)
class LibraryColumn:
    """A column of a curated table; `sources` are the resources that may supply it, the authority first."""

    column: ModelColumn
    is_key: bool
    class_: str
    grade: int
    sources: tuple[str, ...]
    codes: str | None
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class Library:
    """A curated table and the returns that are made from it."""

    model: Model
    returns: tuple[str, ...]
    columns: tuple[LibraryColumn, ...]


@dataclass(frozen=True)
class ResourceColumn:
    """A column of a resource; `supplies` are the golden fields it may become, with its rank (0 is the authority)."""

    column: Column
    codes: str | None
    supplies: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Resource:
    """A resource and its columns, including those dropped at landing."""

    contract: Contract
    columns: tuple[ResourceColumn, ...]


@dataclass(frozen=True)
class Declarations:
    """All that the dictionary is derived from; `held` says of each library what its columns hold."""

    contracts: Mapping[str, Contract]
    models: tuple[Model, ...]
    authority: Authority
    policies: Policies
    returns: Mapping[str, Return]
    held: Mapping[str, DeclaredLibrary]


def libraries(declared: Declarations) -> tuple[Library, ...]:
    """Return the curated tables, in the order of the dbt project; a return that may not run is received by nobody."""
    plans = dict(_compiled(declared))
    return tuple(_library(model, declared, plans) for model in declared.models)


def resources(declared: Declarations) -> tuple[Resource, ...]:
    """Return the resources, by code."""
    found = []
    for _, contract in sorted(declared.contracts.items()):
        supplies = _supplies(contract, declared.authority)
        columns = (ResourceColumn(one, _codes(contract, one.name), supplies.get(one.name, ())) for one in contract.columns)
        found.append(Resource(contract, tuple(columns)))
    return tuple(found)


def _compiled(declared: Declarations) -> Iterator[tuple[str, dict[str, Plan]]]:
    for one in declared.returns.values():
        with suppress(ContractError):
            contracts_behind(one, declared.authority, declared.contracts)
            yield one.id, compile_return(one, declared.policies, declared.held)


def _library(model: Model, declared: Declarations, plans: Mapping[str, dict[str, Plan]]) -> Library:
    returns = [one for one in declared.returns.values() if one.source == model.table and one.id in plans]
    sources = _sources(model, declared)
    columns = []
    for column in model.columns:
        held = declared.held[model.table].columns[column.name]
        receipts = [receipt for one in returns for receipt in _receipts(column.name, one, plans[one.id])]
        codes = _library_codes(column.name, declared.contracts, sources.get(column.name, ()))
        named = sources.get(column.name, ())
        columns.append(LibraryColumn(column, column.name in model.key, held.class_, held.grade, named, codes, tuple(receipts)))
    return Library(model, tuple(one.id for one in returns), tuple(columns))


def _sources(model: Model, declared: Declarations) -> dict[str, tuple[str, ...]]:
    """Return golden column → resources in order of authority, for the table of an entity."""
    entity = declared.authority.entity_in(model.table)
    if entity is None:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, field in declared.authority.entities[entity].fields.items():
        resources_ = tuple(one.resource for one in field.candidates if one.resource in declared.contracts)
        golden = {column for one in field.candidates for column in supplied(name, field, one)}
        for column in LOCALITY_COLUMNS if field.kind == "place" else golden or {name}:
            found.setdefault(column, resources_)
    return found


def _receipts(name: str, declared: Return, plans: Mapping[str, Plan]) -> Iterator[Receipt]:
    if name not in {one.name for one in declared.columns}:
        return
    for audience, plan in plans.items():
        column = next((one for one in plan.columns if one.name == name), None)
        yield Receipt(declared.id, audience, column.transform if column else "drop", column.minor_transform if column else None)


def _codes(contract: Contract, column: str) -> str | None:
    return next((rule.params["codes"] for rule in contract.rules if rule.kind == "domain" and rule.column == column), None)


def _library_codes(column: str, contracts: Mapping[str, Contract], sources: tuple[str, ...]) -> str | None:
    """Return the code table of a curated column: its authority's, else the one all contracts with such a column agree on."""
    found = [_codes(contracts[code], column) for code in sources] or [_codes(contract, column) for contract in contracts.values()]
    named = {name for name in found if name}
    return named.pop() if len(named) == 1 else None


def _supplies(contract: Contract, authority: Authority) -> dict[str, tuple[tuple[str, int], ...]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for name, entity in authority.entities.items():
        for column, golden, rank in _offered(contract.code, entity):
            found.setdefault(column, []).append((f"{name}.{golden}", rank))
    return {column: tuple(fields) for column, fields in found.items()}


def _offered(resource: str, entity: EntityAuthority) -> Iterator[tuple[str, str, int]]:
    for name, field in entity.fields.items():
        for rank, candidate in enumerate(field.candidates):
            if candidate.resource == resource:
                for golden, columns in supplied(name, field, candidate).items():
                    yield from ((column, golden, rank) for column in columns)
