"""Write the start page of dbt's docs: which tables each library is made of, in Chinese, readable on a phone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from application.pages.dictionary import SCHEMAS
from lakehouse.derive.curated import Model
from lakehouse.pages.rendering import Pair, put, render

TEMPLATES = Path(__file__).parent / "templates"
REFERENCES: dict[str, Pair] = {
    "region": ("区划", "regions"),
    "department": ("部门", "departments"),
    "code": ("代码", "codes"),
}


class Project(NamedTuple):
    """What dbt knows of the project, its public tables, and the names of resources."""

    manifest: Mapping[str, Any]
    models: Sequence[Model]
    resources: Mapping[str, Pair]


def write(folder: Path, project: Project, city: Pair) -> Path:
    """Write the page into a folder and return its path."""
    made_of = lineage(project)
    nodes = {table: node for node, table in _tables(project).items()}
    known = {**REFERENCES, **project.resources}
    names = {one.table: _short(one.label) for one in project.models}
    names |= {table: known.get(name, (name, name)) for table, name in _sources(project).values()}
    described = {
        one.table: {
            "table": one.table,
            "node": nodes[one.table],
            "name": one.label,
            "made_of": [{"table": table, "name": names[table]} for table in made_of[one.table]],
            "used_by": [{"table": table, "name": names[table]} for table, parents in made_of.items() if one.table in parents],
        }
        for one in project.models
        if one.table in nodes
    }
    schemas = [
        {"name": name, "tables": [one for table, one in described.items() if table.startswith(f"{schema}.")]}
        for schema, name in SCHEMAS.items()
    ]
    context = {"city": city, "schemas": schemas, "libraries": list(described)}
    return put(folder / "lineage.html", render(TEMPLATES, "lineage.html", context))


def lineage(project: Project) -> dict[str, list[str]]:
    """Return for each public table the tables it is made of; steps in between that leave no table are left out."""
    manifest, tables = project.manifest, _tables(project)
    names = tables | {node: table for node, (table, _) in _sources(project).items()}

    def parents(node: str) -> set[str]:
        found: set[str] = set()
        for parent in manifest["parent_map"].get(node, ()):
            found |= {names[parent]} if parent in names else parents(parent)
        return found

    return {table: sorted(parents(node)) for node, table in tables.items()}


def read_manifest(project: Path) -> dict[str, Any]:
    """Return what dbt wrote of a project that it has read."""
    found: dict[str, Any] = json.loads((project / "target" / "manifest.json").read_text("utf-8"))
    return found


def _sources(project: Project) -> dict[str, tuple[str, str]]:
    """Return the tables that dbt reads and does not make, and their names without the schema, by dbt's name."""
    return {node: (f"{one['source_name']}.{one['name']}", one["name"]) for node, one in project.manifest["sources"].items()}


def _tables(project: Project) -> dict[str, str]:
    """Return the public tables by dbt's name of their model."""
    public = {one.table for one in project.models}
    nodes = project.manifest["nodes"].items()
    found = {node: f"{one['schema']}.{one['alias']}" for node, one in nodes if one["resource_type"] == "model"}
    return {node: table for node, table in found.items() if table in public}


def _short(label: Pair) -> Pair:
    return label[0].split("：")[0].split(":")[0], label[1].split(",")[0]
