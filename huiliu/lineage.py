"""The command `lineage`, which traces a value of a library from the packages back to the landed files."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.tree import Tree

from application.lineage import Lineage, Origin, trace
from lakehouse.config import Instance


def register(app: typer.Typer) -> None:
    """Add `lineage` to the command line."""
    app.command()(lineage)


def lineage(
    table: Annotated[str, typer.Argument(help="Library of an entity, e.g. base.person.")],
    key: Annotated[str, typer.Argument(help="Key of a row: the pseudonym of a person, the credit code of an entity.")],
    column: Annotated[str, typer.Argument(help="Only this column; default: all that sources supply.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show where the values of a row come from: packages, golden sources and losers, silver, bronze, landed file, sheet and cell."""
    found = trace(Instance(), table, key, column or None)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, default=str))
    else:
        Console().print(_tree(found))


def _tree(found: Lineage) -> Tree:
    tree = Tree(f"{found.table} {found.key}, {found.business_date} issue {found.issue}")
    packages = tree.add(f"{len(found.packages)} packages")
    for one in found.packages:
        packages.add(f"{one['path']}  {one['return_id']}")
    for field, origins in found.fields.items():
        branch = tree.add(field)
        for origin in origins:
            _add(branch, origin)
    return tree


def _add(branch: Tree, one: Origin) -> None:
    said = branch.add(f"{one.role}: {one.resource} of {one.provider}")
    said.add(f"silver  version {one.version_id[:12]}, valid from {one.valid_from}, recorded on {one.recorded_on}")
    said.add(f"bronze  batch {one.batch_id}, {one.place}, about {one.business_date}, taken in on {one.taken_on}")
    said.add(f"landed  {one.file}: {', '.join(one.cells) or one.place}")
