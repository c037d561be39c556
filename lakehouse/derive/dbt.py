"""Render the dbt project of an instance: a copy of the project, with sources, models and macros made from the declarations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from lakehouse import naming
from lakehouse.city.calendar import end_of_day
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import (
    Authority,
    Candidate,
    FieldAuthority,
    Records,
    place_columns,
    silver_columns,
    supplied,
)
from lakehouse.declarations.policies import Policies

KEPT_FOLDERS = ("target", "logs")  # dbt's own: the partial parse lives there
PUBLIC = "diff_first"  # materialization of the tables that stay
REFERENCE_TABLES = ("region", "department", "code")
GENERATED_MACRO = """\
{{% macro {name}() %}}
  {{% set declared %}}{{% raw %}}{declared}{{% endraw %}}{{% endset %}}
  {{{{ return(fromjson(declared)) }}}}
{{% endmacro %}}
"""
KNOWN_MODEL = "{{{{ known_rows('{code}') }}}}\n"
GOLDEN_MODEL = "{{{{ golden_values('{entity}') }}}}\n"
REFERENCE_MODEL = "select * from {{{{ source('ref', '{table}') }}}}\n"
TABLE_PATH_MACRO = """\
{{% macro table_path(schema, table) %}}{{{{ return("{table_path}".replace("SCHEMA", schema).replace("TABLE", table)) }}}}{{% endmacro %}}
"""


@dataclass(frozen=True)
class Run:
    """The inputs of a dbt run: the business date, the time zone, the city's region, the lake's root, the address of Spark Connect.

    `bench` names the place of intermediate rows; runs that may go on at the same time need different ones. A run `beside` builds the
    public models again beside those that stand (`naming.rebuilt`), which it leaves alone.
    """

    business_date: date
    timezone: ZoneInfo
    city_region_code: str
    lake: str
    spark_remote: str
    bench: str = "libraries"
    beside: bool = False

    @property
    def end(self) -> datetime:
        """Return the first instant after the business date, in UTC."""
        return end_of_day(self.business_date, self.timezone)

    @property
    def staging(self) -> str:
        """Return the path below the lake root that holds intermediate rows while dbt runs."""
        return naming.staging_path(self.bench, self.business_date)

    def variables(self) -> dict[str, str]:
        """Return the variables of the dbt run."""
        return {
            "business_date": self.business_date.isoformat(),
            "day_end": self.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "timezone": self.timezone.key,
            "city_region_code": self.city_region_code,
            "spark_remote": self.spark_remote,
            "lake": self.lake.rstrip("/"),
            "staging": f"{self.lake.rstrip('/')}/{self.staging}",
            "beside": naming.REBUILT if self.beside else "",
        }


@dataclass(frozen=True)
class Declared:
    """The declarations that a rendered project is told: contracts by resource, authority and policies."""

    contracts: Mapping[str, Contract]
    authority: Authority
    policies: Policies


def render(project: Path, target: Path, declared: Declared) -> Path:
    """Write a project, rendered, to a folder and return it; unchanged files keep their time, files no longer rendered are removed."""
    ours = {path.relative_to(project): path for path in project.rglob("*") if path.is_file() and not path.name.startswith(".")}
    files = {name: path.read_text("utf-8") for name, path in ours.items() if name.parts[0] not in KEPT_FOLDERS}
    files |= {Path(name): text for name, text in generated(declared).items()}
    for name, text in files.items():
        path = target / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for path in [*target.rglob("*")]:
        relative = path.relative_to(target)
        if path.is_file() and relative not in files and relative.parts[0] not in KEPT_FOLDERS:
            path.unlink()
    return target


def generated(declared: Declared) -> dict[str, str]:
    """Return the generated files by path: sources, the models that read them, those of golden values, and macros that hold declarations."""
    contracts, authority = declared.contracts, declared.authority
    told: dict[str, Any] = {
        "authority": {name: entity_authority(name, authority, contracts) for name in sorted(authority.entities)},
        "declared_records": {name: records_of(records, contracts) for name, records in sorted(authority.records.items())},
        "code_tables": code_tables(authority, contracts),
        "references": list(references(contracts)),
        "small_cells": declared.policies.small_cells.model_dump(),
    }
    macros = {
        f"macros/generated/{name}.sql": GENERATED_MACRO.format(name=name, declared=json.dumps(said, ensure_ascii=False, indent=1))
        for name, said in told.items()
    }
    models = {f"int_known__{code}": KNOWN_MODEL.format(code=code) for code in _resources_read(told)}
    models |= {f"int_ref__{table}": REFERENCE_MODEL.format(table=table) for table in REFERENCE_TABLES}
    models |= {f"int_{entity}__value": GOLDEN_MODEL.format(entity=entity) for entity in authority.entities}
    return {
        "models/generated/sources.yml": yaml.safe_dump(sources(contracts), allow_unicode=True, sort_keys=False, width=140),
        "macros/generated/table_path.sql": TABLE_PATH_MACRO.format(table_path=naming.table_path("SCHEMA.TABLE")),
        **macros,
        **{f"models/intermediate/generated/{name}.sql": text for name, text in models.items()},
    }


def _resources_read(declared: Mapping[str, Any]) -> list[str]:
    """Return the resources whose rows any model reads, according to the generated macros."""
    read = {one["resource"] for one in declared["references"]}
    for entity in declared["authority"].values():
        read.update(entity["resources"], (one["resource"] for one in entity["defined_by"]))
    for records in declared["declared_records"].values():
        read.update(supplier["resource"] for supplier in records["suppliers"])
    return sorted(read)


def sources(contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """Return the dbt sources: every silver table with its columns, and the reference tables."""
    return {
        "version": 2,
        "sources": [
            {"name": "silver", "schema": "silver", "tables": [_source_table(contracts[code]) for code in sorted(contracts)]},
            {"name": "ref", "schema": "ref", "tables": [{"name": name} for name in REFERENCE_TABLES]},
        ],
    }


def _source_table(contract: Contract) -> dict[str, Any]:
    columns = [{"name": c.name, "description": f"{c.label_zh} / {c.label_en}"} for c in contract.kept_columns]
    identities = [
        {"name": c.identity, "description": f"{c.label_zh}的假名标识 / pseudonym of {c.label_en}"} for c in contract.identity_columns
    ]
    return {"name": contract.code, "description": f"{contract.name_zh} / {contract.name_en}", "columns": columns + identities}


def entity_authority(name: str, authority: Authority, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """Return an entity as macros read it: its library's model, and only resources with a contract, every default written out."""
    entity = authority.entities[name]
    fields = {name: _field(name, field, contracts) for name, field in sorted(entity.fields.items())}
    supplying = {candidate["resource"] for field in fields.values() for candidate in field["candidates"]}
    return {
        "library": authority.library_of(name).partition(".")[2],
        "id": entity.id,
        "defined_by": [one.model_dump() for one in entity.defined_by if one.resource in contracts],
        "resources": sorted(supplying),
        "fields": fields,
    }


def _field(name: str, field: FieldAuthority, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    candidates = [
        _candidate(rank, supplied(name, field, candidate), candidate, contracts[candidate.resource])
        for rank, candidate in enumerate(field.candidates)
        if candidate.resource in contracts
    ]
    said = {"kind": field.kind, "authority": field.authority, "is_spelled_freely": _is_spelled_freely(name, field, contracts)}
    return {**said, "columns": list(_golden(name, field)), "candidates": candidates}


def _is_spelled_freely(name: str, field: FieldAuthority, contracts: Mapping[str, Contract]) -> bool:
    """Return whether a field's values are names or addresses, by the columns that supply it."""
    supplying = [(contracts[one.resource], supplied(name, field, one)) for one in field.candidates if one.resource in contracts]
    named = [(contract, column) for contract, columns in supplying for sources in columns.values() for column in sources]
    return any(column.is_spelled_freely for contract, source in named for column in contract.kept_columns if column.name == source)


def _golden(name: str, field: FieldAuthority) -> Iterator[str]:
    if field.kind == "fact":
        yield from field.candidates[0].columns
    elif field.kind == "value":
        yield name


def _candidate(rank: int, columns: Mapping[str, tuple[str, ...]], candidate: Candidate, contract: Contract) -> dict[str, Any]:
    place = place_columns(candidate, contract) if candidate.confidence is not None else {}
    return {
        "rank": rank,
        "resource": candidate.resource,
        "columns": {} if place else {golden: list(sources) for golden, sources in columns.items()},
        "place": {kind: list(sources) for kind, sources in place.items()},
        "when": candidate.when,
        "withdrawn": candidate.withdrawn,
        "unless": list(candidate.unless),
        "max_age_days": candidate.max_age_days,
        "proxy": candidate.proxy,
        "confidence": candidate.confidence,
        "verified": candidate.verified,
    }


def records_of(records: Records, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """Return a kind of records as macros read it: only suppliers with a contract, and for each column of the record theirs or None."""
    suppliers = []
    for supplier in records.suppliers:
        if supplier.resource in contracts:
            known = silver_columns(contracts[supplier.resource])
            named = {golden: supplier.columns.get(golden, golden if golden in known else None) for golden in records.columns}
            suppliers.append({"resource": supplier.resource, "columns": named})
    return {"columns": records.columns, "suppliers": suppliers}


def code_tables(authority: Authority, contracts: Mapping[str, Contract]) -> dict[str, str]:
    """Return the code table of each golden field (`entity.field`) and record column (`records.column`) whose sources have one."""
    found: dict[str, str] = {}
    for name, entity in authority.entities.items():
        for field, declared in entity.fields.items():
            for candidate in declared.candidates:
                columns = candidate.columns.get(field, (field,))
                _note_code_table(found, f"{name}.{field}", contracts.get(candidate.resource), columns[0])
    for name, records in authority.records.items():
        for golden in records.columns:
            for supplier in records.suppliers:
                _note_code_table(found, f"{name}.{golden}", contracts.get(supplier.resource), supplier.columns.get(golden, golden))
    return dict(sorted(found.items()))


def _note_code_table(found: dict[str, str], name: str, contract: Contract | None, column: str) -> None:
    for rule in contract.rules if contract else ():
        if rule.kind == "domain" and rule.column == column:
            found.setdefault(name, rule.params["codes"])


def references(contracts: Mapping[str, Contract]) -> Iterator[dict[str, str]]:
    """Yield for each rule `reference` the column, the column to compare (its pseudonym if there is one) and the library it refers to."""
    for code in sorted(contracts):
        contract = contracts[code]
        for rule in contract.references:
            compared = contract.column(rule.column).identity or rule.column
            yield {"resource": code, "column": rule.column, "compared": compared, "to": rule.params["to"]}
