"""The contracts behind a return: those whose resources feed its table. It is judged by them, and its manifest names their versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import Authority, EntityAuthority
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.returns.model import Return


def contracts_behind(declared: Return, authority: Authority, contracts: Mapping[str, Contract]) -> dict[str, Contract]:
    """Return the contracts of the resources that feed the return's table, by code.

    These are the resources the return names; where it names none, those that authority.yaml names for the entity of its table.

    Raises:
        ContractError: it names a resource without a sound contract, or names none and its table holds no entity of authority.yaml.
    """
    name = authority.entity_in(declared.source)
    entity = authority.entities[name] if name else None
    problems = list(_problems(declared, entity, contracts))
    if problems:
        raise ContractError(problems_text(problems))
    named = set(declared.resources) if declared.resources or entity is None else _suppliers(entity)
    return {code: contract for code, contract in sorted(contracts.items()) if code in named}


def _problems(declared: Return, entity: EntityAuthority | None, contracts: Mapping[str, Contract]) -> Iterator[Problem]:
    where = f"contracts/returns/{declared.id}.yaml: resources"
    for code in declared.resources:
        if code not in contracts:
            yield Problem(where, f"{code} is not a resource with a sound contract.", nearest_first(code, list(contracts)))
    if not declared.resources and entity is None:
        found = f"none is named, and authority.yaml does not say which resources feed {declared.source}."
        yield Problem(where, found, ", ".join(sorted(contracts)), "name the resources behind the table.")


def _suppliers(entity: EntityAuthority) -> set[str]:
    candidates = {candidate.resource for field in entity.fields.values() for candidate in field.candidates}
    return candidates | {one.resource for one in entity.defined_by}
