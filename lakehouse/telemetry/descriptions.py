"""Describe the datasets of an instance by its declarations: names, columns, owners, and what each column comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lakehouse.config import AreaName, Instance
from lakehouse.connections import OPERATIONAL, connection_url
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import ApiSource, Column, Contract, PostgresSource
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.libraries import AS_IT_IS, DeclaredColumn, DeclaredLibrary, read_libraries
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import Known, origins_of
from lakehouse.derive.curated import public_models
from lakehouse.errors import ConfigError, ContractError
from lakehouse.naming import DEPARTMENT, bronze, silver, table_path
from lakehouse.returns.model import Return, load_sound_returns
from lakehouse.telemetry import facets
from lakehouse.telemetry.datasets import RECORDS, Catalogue, Dataset, landing_of, packages_of, payload_of, record_of, source_of
from lakehouse.telemetry.facets import Facets


@dataclass(frozen=True)
class Declared:
    """The declarations as far as they are right; what is wrong is left out, other commands tell it."""

    contracts: Mapping[str, Contract]
    returns: Mapping[str, Return]
    libraries: Mapping[str, DeclaredLibrary]
    labels: Mapping[str, tuple[str, str]]
    known: Known | None


@lru_cache(maxsize=1)
def read(folder: Path, project: Path, _files: str) -> Declared:
    """Return all declarations; homes with the same files share what was read."""
    contracts = load_sound_contracts(folder, standard=False)[0]
    returns = load_sound_returns(folder / "returns")[0]
    try:
        libraries = read_libraries(project)[0]
        authority, policies = load_authority(folder / "authority.yaml", contracts), load_policies(folder / "policies.yaml")
    except ContractError:
        return Declared(contracts, returns, {}, {}, None)
    known = Known(contracts, authority, policies, libraries=libraries, tables=set(libraries))
    return Declared(contracts, returns, libraries, {model.table: model.label for model in public_models(project)}, known)


def describe(instance: Instance, declared: Declared) -> Catalogue:
    """Return all datasets of an instance, as its declarations describe them."""
    contracts, returns = declared.contracts, declared.returns
    found = _Descriptions(instance)
    for contract in contracts.values():
        found.resource(contract)
    parents = found.libraries(declared)
    for one in returns.values():
        found.payloads(one)
    for table in RECORDS:
        found.datasets[record_of(table)] = _record(instance, table)
    rules = {contract.code: [_rule(rule) for rule in contract.rules] for contract in contracts.values()}
    folders = {one.id: sorted({_folder(one, name) for name in one.audiences}) for one in returns.values()}
    for folder in sorted({name for names in folders.values() for name in names}):
        found.packages(folder, [returns[return_id] for return_id, names in folders.items() if folder in names])
    made = {one.id: {"source": one.source, "folders": folders[one.id]} for one in returns.values()}
    return Catalogue(found.datasets, rules, parents, made)


class _Descriptions:
    """Datasets while they are collected: a later one names the columns of earlier ones as its sources."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.datasets: dict[str, Dataset] = {}

    def resource(self, contract: Contract) -> None:
        """Describe source, landed deliveries, bronze and silver of a resource."""
        said = facets.described(f"{contract.name_zh} / {contract.name_en}: {contract.description}")
        common = {**said, **facets.owned(str(contract.provider), "provider")}
        sent = facets.schema((column.source_name, column.type) for column in contract.columns)
        source = Dataset(*_source(self.instance, contract), {**common, **sent})
        self.datasets[source_of(contract.code)] = source
        landed = {name: [_from(source, name, facets.IDENTITY)] for name in (column.source_name for column in contract.columns)}
        landing = Dataset(*_place(self.instance, "landing", contract.code), {**common, **sent, **facets.column_lineage(landed)})
        self.datasets[landing_of(contract.code)] = landing
        texts = {column.name: [_from(landing, column.source_name, facets.IDENTITY)] for column in contract.kept_columns}
        self._table(bronze(contract.code), [(name, "string") for name in texts], texts, common)
        self._table(silver(contract.code), *_typed(contract, self.datasets[bronze(contract.code)]), common)

    def libraries(self, declared: Declared) -> dict[str, list[str]]:
        """Describe the libraries and the reference tables they read; return the tables that each library comes from."""
        if declared.known is None:
            return {}
        origins = {
            table: {name: _origins(column, declared.known) for name, column in library.columns.items()}
            for table, library in declared.libraries.items()
        }
        named = {table: sorted({one[0] for sources in columns.values() for one in sources}) for table, columns in origins.items()}
        for table in {one for tables in named.values() for one in tables} | set(named):
            self.datasets.setdefault(table, Dataset(*_place(self.instance, "lake", table_path(table))))
        for table, library in declared.libraries.items():
            common = {**facets.described(" / ".join(declared.labels.get(table, (table,)))), **facets.owned("huiliu", "lakehouse")}
            fields = {
                name: [_from(self.datasets[other], column, _how(library.columns[name])) for other, column in sources]
                for name, sources in origins[table].items()
            }
            self._table(table, [(one.name, one.type) for one in library.columns.values()], fields, common)
        return named

    def payloads(self, declared: Return) -> None:
        """Describe the payloads of a return: one dataset, whoever receives them."""
        source = self.datasets.get(declared.source) or Dataset(*_place(self.instance, "lake", table_path(declared.source)))
        self.datasets.setdefault(declared.source, source)
        fields = {one.name: [_from(source, one.name, facets.TRANSFORMATION, is_masked=True)] for one in declared.columns}
        described = {**facets.described(f"{declared.name}: {declared.description}"), **facets.column_lineage(fields)}
        namespace, name = _place(self.instance, "exchange", f"*/*/content/{declared.id}")
        columns = facets.schema((one.name, one.type) for one in declared.columns)
        self.datasets[payload_of(declared.id)] = Dataset(namespace, name, {**columns, **described})

    def packages(self, folder: str, returns: Iterable[Return]) -> None:
        """Describe the packages of a level, or of departments: which returns are in them, never who receives one."""
        text = f"packages of {folder}: {', '.join(one.id for one in returns)}"
        self.datasets[packages_of(folder)] = Dataset(*_place(self.instance, "exchange", folder), facets.described(text))

    def _table(self, table: str, columns: Iterable[tuple[str, str]], fields: Mapping[str, list[dict[str, Any]]], common: Facets) -> None:
        described = {**common, **facets.schema(columns), **facets.column_lineage(fields)}
        self.datasets[table] = Dataset(*_place(self.instance, "lake", table_path(table)), described)


def _place(instance: Instance, area: AreaName, path: str) -> tuple[str, str]:
    """Return namespace and name of something in the store: `s3://bucket` and key, or `file` and the absolute path."""
    root = instance.root(area)
    if root.startswith("file://"):
        return "file", f"{unquote(root.removeprefix('file://'))}/{path}"
    scheme, _, rest = root.partition("://")
    bucket, _, prefix = rest.partition("/")
    return f"{scheme}://{bucket}", "/".join(part for part in (prefix, path) if part)


def _source(instance: Instance, contract: Contract) -> tuple[str, str]:
    """Return namespace and name of the source of a resource: a database table, an API, or a folder of the inbox."""
    source = contract.source
    if isinstance(source, PostgresSource):
        return _database(instance, source.connection, source.table if "." in source.table else f"public.{source.table}")
    if isinstance(source, ApiSource):
        base = instance.settings.connections.get(source.connection, f"http://{source.connection}")
        return base.rstrip("/"), source.path
    folder = source.path.split("{")[0].split("*")[0].rpartition("/")[0]
    return "file", str(instance.home / "inbox" / folder)


def _database(instance: Instance, connection: str, table: str) -> tuple[str, str]:
    try:
        url = connection_url(instance, connection)
    except ConfigError:  # nobody has said where it is: its name stands for the server
        return f"postgres://{connection}:5432", f"{connection}.{table}"
    return f"postgres://{url.host}:{url.port or 5432}", f"{url.database}.{table}"


def _record(instance: Instance, table: str) -> Dataset:
    return Dataset(*_database(instance, OPERATIONAL, f"huiliu.{table}"))


def _typed(contract: Contract, texts: Dataset) -> tuple[list[tuple[str, str]], dict[str, list[dict[str, Any]]]]:
    """Return the columns of silver and what each is made from; a pseudonym hides the number it is made from."""
    columns, fields = [], {}
    for column in contract.kept_columns:
        columns.append((column.name, column.physical_type or column.type))
        fields[column.name] = [_from(texts, column.name, _made(column))]
    for column in contract.identity_columns:
        columns.append((str(column.identity), "string"))
        fields[str(column.identity)] = [_from(texts, column.name, facets.TRANSFORMATION, is_masked=True)]
    return columns, fields


def _made(column: Column) -> str:
    return facets.IDENTITY if column.type == "string" and column.normalise == ("trim",) else facets.TRANSFORMATION


def _origins(column: DeclaredColumn, known: Known) -> list[tuple[str, str]]:
    """Return the columns, each with its table, that a column of a library comes from."""
    return list(dict.fromkeys(_tables_of(column, known)))


def _tables_of(column: DeclaredColumn, known: Known) -> Iterator[tuple[str, str]]:
    for name in column.provenance.from_:
        for origin in origins_of(name, known)[0] or ():
            table, _, field_name = origin.name.rpartition(".")
            yield (table if "." in table else silver(table)), field_name


def _how(column: DeclaredColumn) -> str:
    said = column.provenance.as_
    return {AS_IT_IS: facets.IDENTITY, "count": facets.AGGREGATION}.get(said, facets.TRANSFORMATION)


def _from(dataset: Dataset, column: str, subtype: str, *, is_masked: bool = False) -> dict[str, Any]:
    return facets.comes_from(dataset.namespace, dataset.name, column, subtype, is_masked=is_masked)


def _rule(rule: Any) -> dict[str, str]:
    return {"id": rule.id, "kind": rule.kind, "column": rule.column, "severity": rule.severity, "description": rule.message_en}


def _folder(declared: Return, audience: str) -> str:
    return audience if audience in declared.levels else DEPARTMENT
