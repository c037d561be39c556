"""Tell how far a change of contracts reaches: rules, golden values, libraries, returns and recipients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.contracts.difference import Difference
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import Authority, load_authority
from lakehouse.declarations.libraries import DeclaredLibrary
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import GOLDEN, Known, load_sound_libraries, origins_of
from lakehouse.errors import LakehouseError
from lakehouse.naming import LOCALITY_COLUMNS
from lakehouse.ops import connect, days, recipients
from lakehouse.ops.recipients import Recipient
from lakehouse.returns.model import Return, load_sound_returns
from lakehouse.rules.registry import kinds
from spark_jobs.lake import storage
from spark_jobs.lake.session import answers, open_session

DEPARTMENTS = "department"


@dataclass(frozen=True)
class Affected:
    """What a change of a resource's columns reaches.

    Attributes:
        rules: the rules of the contract that judge these columns.
        golden: the golden fields (`entity.field`) they supply.
        libraries: the library columns (`schema.table.column`) that come from them.
        returns: the returns that hand such a column on.
        audiences: the levels that receive one of these returns, and `department` where departments do.
    """

    rules: tuple[str, ...] = ()
    golden: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counted:
    """How much there is of it on the newest day: golden values by field, recipients by level; `untold` says what could not be counted."""

    business_date: date | None = None
    golden_values: Mapping[str, int] = field(default_factory=dict)
    recipients: Mapping[str, int] = field(default_factory=dict)
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Declared:
    known: Known
    libraries: Mapping[str, DeclaredLibrary]
    returns: Mapping[str, Return]


def affected(instance: Instance, found: Mapping[str, Sequence[Difference]], folder: Path | None = None) -> dict[str, Affected]:
    """Return what the changes of each resource reach, by the declarations of a contracts folder (the instance's).

    Raises:
        ContractError: authority or policies are wrong.
    """
    folder = folder or instance.settings.contracts
    contracts, _ = load_sound_contracts(folder)
    authority, policies = load_authority(folder / "authority.yaml", contracts), load_policies(folder / "policies.yaml")
    known = Known(contracts, authority, policies)
    libraries, _ = load_sound_libraries(known, instance.settings.dbt_project)
    declared = _Declared(known, libraries, load_sound_returns(folder / "returns")[0])
    return {
        code: _affected(contracts[code], {name for one in changes for name in one.columns}, declared)
        for code, changes in found.items()
        if code in contracts
    }


def count(instance: Instance, of: Mapping[str, Affected], among: DataFrame | None = None) -> Counted:
    """Count what is reached on the newest day: recipients in PostgreSQL, golden values in the lake; what does not answer is said.

    With `among` (versions of silver) only the golden records of what these are about, and the recipients of the places where these are.
    """
    levels = {level for one in of.values() for level in one.audiences}
    try:
        with connect(instance) as connection:
            newest = days.last_closed(connection)
            known = recipients.at(connection, newest.business_date) if newest and levels else []
    except LakehouseError:
        return Counted(untold=("recipients and golden values are not counted: the services of the instance do not run.",))
    if newest is None:
        return Counted(untold=("recipients and golden values are not counted: no day was closed yet.",))
    if not answers(instance):
        untold = ("golden values are not counted: Spark does not run.",)
        return Counted(newest.business_date, recipients=_by_level(known, levels), untold=untold)
    golden = _golden_values(instance, of, among)
    if among is not None:
        known = [one for one in known if one.department_uscc or one.region_code in golden.places]
    return Counted(newest.business_date, golden.values, _by_level(known, levels))


def _by_level(known: Iterable[Recipient], levels: Iterable[str]) -> dict[str, int]:
    told = Counter(DEPARTMENTS if one.department_uscc else one.level for one in known)
    return {level: told[level] for level in sorted(levels)}


def _affected(contract: Contract, columns: Collection[str], declared: _Declared) -> Affected:
    touched = {f"{contract.code}.{name}" for name in _columns_of(contract, columns)}
    authority = declared.known.authority
    golden = [name for name in _fields(authority) if _comes_from(f"{GOLDEN}.{name}", touched, declared.known)]
    reached = _libraries(touched, declared)
    returns = {name: one for name, one in declared.returns.items() if _hands_on(one, reached)}
    audiences = {DEPARTMENTS if each.fulfils else each.level for one in returns.values() for each in one.audiences.values()}
    return Affected(tuple(_rules(contract, columns)), tuple(golden), tuple(sorted(reached)), tuple(returns), tuple(sorted(audiences)))


def _columns_of(contract: Contract, names: Collection[str]) -> Iterator[str]:
    yield from (column.name for column in contract.kept_columns if column.name in names or column.identity in names)


def _rules(contract: Contract, columns: Collection[str]) -> Iterator[str]:
    for rule in (*contract.rules, *contract.references):
        kind = kinds()[rule.kind]
        named = kind.references(kind.parameters.model_validate(rule.params), "column").values()
        if rule.column in columns or any(name in columns for name in named):
            yield rule.id


def _fields(authority: Authority) -> list[str]:
    return [f"{entity}.{name}" for entity, declared in authority.entities.items() for name in declared.fields]


def _comes_from(name: str, touched: Collection[str], known: Known) -> bool:
    return any(origin.name in touched for origin in origins_of(name, known)[0] or ())


def _libraries(touched: Collection[str], declared: _Declared) -> set[str]:
    """Return the library columns that come from these columns, directly or through other libraries."""
    known, reached = Known(**{**vars(declared.known), "libraries": declared.libraries}), set[str]()
    while True:
        found = {
            f"{table}.{name}"
            for table, library in declared.libraries.items()
            for name, column in library.columns.items()
            if any(_comes_from(source, {*touched, *reached}, known) for source in column.provenance.from_)
        }
        if found <= reached:
            return reached
        reached |= found


def _hands_on(declared: Return, reached: Collection[str]) -> bool:
    named = {*(column.name for column in declared.columns), declared.key, *declared.filter}
    return any(f"{declared.source}.{name}" in reached for name in named)


@dataclass(frozen=True)
class _Golden:
    """Golden values that resources supply, by `entity.field`, and the codes of the regions where these entities are."""

    values: Mapping[str, int]
    places: Collection[str]


def _golden_values(instance: Instance, of: Mapping[str, Affected], among: DataFrame | None) -> _Golden:
    """Return how many golden values each resource supplies to the fields it reaches; with `among` only of what these versions are about."""
    contracts, _ = load_sound_contracts(instance.settings.contracts)
    authority = load_authority(instance.settings.contracts / "authority.yaml", contracts)
    wanted = [(code, *name.split(".", 1)) for code, one in of.items() for name in one.golden]
    tables = {entity: authority.library_of(entity) for _, entity, _ in wanted}
    there = storage.versions(instance, tables.values())
    counted: dict[str, int] = {}
    places: set[str] = set()
    spark = open_session(instance) if there else None
    for entity, table in tables.items():
        key = authority.entities[entity].id
        if spark is None or table not in there or (among is not None and key not in among.columns):
            continue
        rows = storage.read(spark, table)
        if among is not None:
            rows = rows.join(among.select(key).distinct(), key, "semi")
            places |= _places(rows)
        asked = [(code, name) for code, one, name in wanted if one == entity]
        supplied = [F.count_if(F.get_json_object("_field_sources", f"$['{name}']") == code) for code, name in asked]
        [row] = rows.agg(*supplied).collect()
        for (_, name), number in zip(asked, row, strict=True):
            counted[f"{entity}.{name}"] = counted.get(f"{entity}.{name}", 0) + number
    return _Golden(counted, places)


def _places(rows: DataFrame) -> set[str]:
    """Return the codes of all regions, of every level, in which golden records lie."""
    levels = [F.col(name) for name in LOCALITY_COLUMNS if name in rows.columns]
    if not levels:
        return set()
    found = rows.select(F.explode(F.array_compact(F.array(*levels))).alias("code")).distinct().collect()
    return {row.code for row in found}
