"""The typed `contracts/authority.yaml`: which resources supply a field of an entity, in order of preference (一数一源)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lakehouse.contracts.model import Contract
from lakehouse.declarations.strict_yaml import Declared, read_declaration
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.naming import library

PLACE_COLUMNS = ("grid", "code", "community_name", "address_id", "address_text")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]


class Candidate(Declared):
    """One resource that may supply a field, and under which conditions its rows do."""

    resource: str
    columns: dict[str, Texts] = Field(default_factory=dict)
    when: dict[str, Texts] = Field(default_factory=dict)
    withdrawn: dict[str, Texts] = Field(default_factory=dict)
    unless: tuple[str, ...] = ()
    max_age_days: int | None = Field(None, ge=1)
    proxy: bool = False
    confidence: Literal[2, 3, 4] | None = None
    verified: bool = False


class FieldAuthority(Declared):
    """The candidates of one field in order; the first is the authority."""

    kind: Literal["value", "fact", "place"] = "value"
    candidates: tuple[Candidate, ...] = Field(min_length=1)
    never: tuple[str, ...] = ()

    @property
    def authority(self) -> str:
        """Return the resource that is the authority."""
        return self.candidates[0].resource


class Definition(Declared):
    """A resource whose rows say that an entity exists, if each column of `when` holds one of its values."""

    resource: str
    when: dict[str, Texts] = Field(default_factory=dict)


def _as_definition(value: Any) -> Any:
    return {"resource": value} if isinstance(value, str) else value


class EntityAuthority(Declared):
    """One kind of entity.

    Attributes:
        name: what people call it, Chinese.
        name_en: the same, English.
        library: the name of its base library, where that is not the entity's own.
        id: the column that identifies it (a pseudonym or a business key).
        defined_by: the resources whose rows say that it exists.
        fields: its fields, each with its candidates.
    """

    name: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    library: str | None = None
    id: str
    defined_by: tuple[Annotated[Definition, BeforeValidator(_as_definition)], ...] = Field(min_length=1)
    fields: dict[str, FieldAuthority]


class Supplier(Declared):
    """A resource whose rows are records of a kind: column of the record -> its own column (default: the one of the same name)."""

    resource: str
    columns: dict[str, str] = Field(default_factory=dict)


class Records(Declared):
    """A kind of records: their columns with SQL types, and the resources that supply them. A column a supplier lacks is null."""

    columns: dict[str, str] = Field(min_length=1)
    suppliers: tuple[Supplier, ...] = Field(min_length=1)


class Authority(Declared):
    """All of `authority.yaml`."""

    version: Literal[1]
    entities: dict[Annotated[str, Field(pattern="^[a-z][a-z_]*$")], EntityAuthority]
    records: dict[str, Records] = Field(default_factory=dict)

    def library_of(self, entity: str) -> str:
        """Return the table that holds the golden records of a kind of entity."""
        return library(self.entities[entity].library or entity)

    def entity_in(self, table: str) -> str | None:
        """Return the kind of entity whose golden records a table holds; None where it holds none."""
        return next((name for name in self.entities if self.library_of(name) == table), None)


def load_authority(path: Path, contracts: Mapping[str, Contract]) -> Authority:
    """Return the validated authority file; candidates with a contract are checked against its columns.

    Raises:
        ContractError: the file is wrong; all its problems at once.
    """
    authority = read_declaration(path, Authority)
    problems: list[Problem] = []
    for name, entity in authority.entities.items():
        problems.extend(_entity_problems(f"{path}: {name}", entity, contracts))
        other = authority.entity_in(authority.library_of(name))
        if other != name:
            problems.append(
                Problem(f"{path}: {name}", f"has the library of {other}.", "", "give each kind of entity a library of its own.")
            )
    for name, records in authority.records.items():
        problems.extend(_records_problems(f"{path}: records.{name}", records, contracts))
    if problems:
        raise ContractError(problems_text(problems))
    return authority


def _entity_problems(where: str, entity: EntityAuthority, contracts: Mapping[str, Contract]) -> Iterator[Problem]:
    for definition in entity.defined_by:
        contract = contracts.get(definition.resource)
        if contract is not None:
            yield from _identity_problems(f"{where}.defined_by", entity.id, contract)
            kept = [column.name for column in contract.kept_columns]
            for name in sorted(set(definition.when) - set(kept)):
                yield Problem(
                    f"{where}.defined_by: {contract.code}", f"column {name} is not kept by the contract.", nearest_first(name, kept)
                )
    if all(field.kind == "place" for field in entity.fields.values()):
        yield Problem(where, "has no field besides places, so there is nothing to record of it.", "", "add a field of kind value or fact.")
    for name, field in entity.fields.items():
        yield from _field_problems(f"{where}.{name}", name, field)
        for candidate in field.candidates:
            contract = contracts.get(candidate.resource)
            if contract is not None:
                yield from _identity_problems(f"{where}.{name}: {contract.code}", entity.id, contract)
                yield from _column_problems(f"{where}.{name}: {contract.code}", candidate, contract, supplied(name, field, candidate))


def _records_problems(where: str, records: Records, contracts: Mapping[str, Contract]) -> Iterator[Problem]:
    for supplier in records.suppliers:
        for golden in sorted(set(supplier.columns) - set(records.columns)):
            yield Problem(
                f"{where}: {supplier.resource}", f"{golden} is no column of these records.", nearest_first(golden, list(records.columns))
            )
        if supplier.resource in contracts:
            known = silver_columns(contracts[supplier.resource])
            for name in sorted(set(supplier.columns.values()) - set(known)):
                yield Problem(f"{where}: {supplier.resource}", f"column {name} is not kept by the contract.", nearest_first(name, known))


def _field_problems(where: str, name: str, field: FieldAuthority) -> Iterator[Problem]:
    # a resource may name a place in several columns, of which only one may be no proxy: a proxy never conflicts
    resources = [candidate.resource for candidate in field.candidates if not (field.kind == "place" and candidate.proxy)]
    for resource in sorted({r for r in resources if resources.count(r) > 1}):
        yield Problem(where, f"{resource} is a candidate more than once.", "", "keep one line.")
    for resource in sorted(set(resources) & set(field.never)):
        yield Problem(where, f"{resource} is a candidate and in `never`.", "", "remove it from one of the two.")
    for candidate in field.candidates:
        yield from _kind_problems(f"{where}: {candidate.resource}", name, field.kind, candidate)


def _kind_problems(where: str, name: str, kind: str, candidate: Candidate) -> Iterator[Problem]:
    if (kind == "place") != (candidate.confidence is not None):
        yield Problem(where, f"a {kind} {'lacks' if kind == 'place' else 'has'} a confidence.", "2, 3 or 4 for each candidate of a place")
    if kind == "fact" and not (candidate.when and len(candidate.columns) == 1):
        yield Problem(where, "a fact needs `when` and exactly one golden column.")
    if kind == "value" and set(candidate.columns) - {name}:
        yield Problem(where, f"a value supplies {', '.join(candidate.columns)}.", name)
    if kind == "place" and set(candidate.columns) - set(PLACE_COLUMNS):
        yield Problem(where, f"a place supplies {', '.join(candidate.columns)}.", ", ".join(PLACE_COLUMNS))


def _identity_problems(where: str, identity: str, contract: Contract) -> Iterator[Problem]:
    identities = [column.identity for column in contract.identity_columns if column.identity]
    keys = [column.name for column in contract.key_columns]
    if identity not in identities + keys:
        yield Problem(where, f"{contract.code} has no column with identity {identity}.", ", ".join(identities + keys))


def _column_problems(where: str, candidate: Candidate, contract: Contract, columns: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    kept = silver_columns(contract)
    named = {source for sources in columns.values() for source in sources} | set(candidate.when) | set(candidate.withdrawn)
    for name in sorted(named - set(kept)):
        yield Problem(where, f"column {name} is not kept by the contract.", nearest_first(name, kept), "name one of these.")
    warnings = [rule.id for rule in contract.rules_of("warning")]
    for name in sorted(set(candidate.unless) - set(warnings)):
        yield Problem(where, f"{name} is no warning of the contract.", nearest_first(name, warnings), "name one of these.")
    if candidate.confidence is not None and not place_columns(candidate, contract):
        yield Problem(where, "the contract declares no locality.", "code, grid or communityName", "declare `locality` in the contract.")


def silver_columns(contract: Contract) -> list[str]:
    """Return the columns of a resource that values can be taken from: the kept ones and the pseudonyms derived from them."""
    return [column.name for column in contract.kept_columns] + [column.identity for column in contract.identity_columns if column.identity]


def supplied(name: str, field: FieldAuthority, candidate: Candidate) -> dict[str, tuple[str, ...]]:
    """Return golden column → columns of the resource that supply it; for a place only what the candidate declares (see `place_columns`)."""
    if field.kind == "place":
        return candidate.columns
    return candidate.columns or ({name: (name,)} if field.kind == "value" else {})


def place_columns(candidate: Candidate, contract: Contract) -> dict[str, tuple[str, ...]]:
    """Return the columns in which a row names its place: those of the candidate, else those of the contract's locality."""
    if candidate.columns:
        return candidate.columns
    said = contract.locality
    columns = (said.grid, said.code, said.community_name, said.address_id, said.address)
    return {kind: (column,) for kind, column in zip(PLACE_COLUMNS, columns, strict=True) if column}
