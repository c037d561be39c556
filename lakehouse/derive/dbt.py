"""Returns the dbt project of an instance, rendered: a copy of `dbt_project/`, sources and authority from the contracts, the profile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from lakehouse import naming
from lakehouse.authority import Authority, Candidate, EntityAuthority, FieldAuthority, place_columns, supplied
from lakehouse.config import PROJECT
from lakehouse.contracts.model import Contract

MODELS = PROJECT / "dbt_project"
KEPT_FOLDERS = ("target", "logs")  # dbt's own: the partial parse lives there
PUBLIC = "diff_first"  # materialization of the tables that stay
REFERENCE_TABLES = ("region", "department")
GENERATED_MACROS = """\
{{% macro authority() %}}
  {{% set declared %}}{{% raw %}}{authority}{{% endraw %}}{{% endset %}}
  {{{{ return(fromjson(declared)) }}}}
{{% endmacro %}}

{{% macro table_path(schema, table) %}}{{{{ return("{table_path}".replace("SCHEMA", schema).replace("TABLE", table)) }}}}{{% endmacro %}}
"""


@dataclass(frozen=True)
class Day:
    """What dbt is told of the business day: its date, its end in UTC, the time zone, the city's region, the lake's root."""

    business_date: date
    timezone: ZoneInfo
    city_region_code: str
    lake: str

    @property
    def end(self) -> datetime:
        """Returns the first instant after the business date, in UTC."""
        return datetime.combine(self.business_date + timedelta(days=1), time(), self.timezone).astimezone(UTC)

    @property
    def staging(self) -> str:
        """Returns the path below the lake root where intermediate rows lie while dbt runs."""
        return naming.staging_path("libraries", self.business_date)

    def variables(self) -> dict[str, str]:
        """Returns the variables of the dbt run."""
        return {
            "business_date": self.business_date.isoformat(),
            "day_end": self.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "timezone": self.timezone.key,
            "city_region_code": self.city_region_code,
            "lake": self.lake.rstrip("/"),
            "staging": f"{self.lake.rstrip('/')}/{self.staging}",
        }


def render(target: Path, contracts: Mapping[str, Contract], authority: Authority) -> Path:
    """Returns the folder with the rendered project; files that are already right keep their time, files no longer rendered go."""
    files = {path.relative_to(MODELS): path.read_text("utf-8") for path in MODELS.rglob("*") if path.is_file() and not _own(path)}
    files |= {Path(name): text for name, text in generated(contracts, authority).items()}
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


def _own(path: Path) -> bool:
    return path.relative_to(MODELS).parts[0] in KEPT_FOLDERS or path.name.startswith(".")


def generated(contracts: Mapping[str, Contract], authority: Authority) -> dict[str, str]:
    """Returns the generated files by path: sources, and the macros that know authority and table paths."""
    declared = {name: entity_authority(entity, contracts) for name, entity in sorted(authority.entities.items())}
    macros = GENERATED_MACROS.format(
        authority=json.dumps(declared, ensure_ascii=False, indent=1), table_path=naming.table_path("SCHEMA.TABLE")
    )
    return {
        "models/generated/sources.yml": yaml.safe_dump(sources(contracts), allow_unicode=True, sort_keys=False, width=140),
        "macros/generated/authority.sql": macros,
    }


def sources(contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """Returns the dbt sources: every silver table with its columns, and the reference tables."""
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


def entity_authority(entity: EntityAuthority, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """Returns an entity's authority as macros read it: only resources with a contract, every default spelled out."""
    fields = {name: _field(name, field, contracts) for name, field in sorted(entity.fields.items())}
    supplying = {candidate["resource"] for field in fields.values() for candidate in field["candidates"]}
    return {
        "id": entity.id,
        "defined_by": [resource for resource in entity.defined_by if resource in contracts],
        "resources": sorted(supplying),
        "fields": fields,
    }


def _field(name: str, field: FieldAuthority, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    candidates = [
        _candidate(rank, supplied(name, field, candidate), candidate, contracts[candidate.resource])
        for rank, candidate in enumerate(field.candidates)
        if candidate.resource in contracts
    ]
    return {"kind": field.kind, "authority": field.authority, "columns": list(_golden(name, field)), "candidates": candidates}


def _golden(name: str, field: FieldAuthority) -> Iterator[str]:
    if field.kind == "fact":
        yield from field.candidates[0].columns
    elif field.kind == "value":
        yield name


def _candidate(rank: int, columns: Mapping[str, tuple[str, ...]], candidate: Candidate, contract: Contract) -> dict[str, Any]:
    columns = {golden: list(sources) for golden, sources in columns.items()}  # type: ignore[misc]
    if candidate.confidence is not None and contract.locality.address:
        columns = {"address_text": [contract.locality.address], **columns}  # type: ignore[dict-item]
    return {
        "rank": rank,
        "resource": candidate.resource,
        "columns": columns,
        "place": place_columns(contract),
        "when": candidate.when,
        "withdrawn": candidate.withdrawn,
        "max_age_days": candidate.max_age_days,
        "proxy": candidate.proxy,
        "confidence": candidate.confidence,
        "verified": candidate.verified,
    }
