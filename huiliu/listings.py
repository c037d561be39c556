"""Print lists for all listing commands: as a table for people, as one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")
Columns = dict[str, Callable[[Record], object]]


def show_list(name: str, found: Sequence[Record], columns: Columns[Record], *, as_json: bool) -> None:
    """Print records; as JSON below the key `name` with all fields, as a table with the given columns only."""
    if as_json:
        typer.echo(as_object({name: [asdict(one) for one in found]}))
        return
    if not found:
        typer.echo(f"no {name}.")
        return
    table = Table(*columns)
    for one in found:
        table.add_row(*(_cell(make(one)) for make in columns.values()))
    Console().print(table)


def as_object(facts: dict[str, Any]) -> str:
    """Return facts as one JSON object; values of types that JSON lacks become text."""
    return json.dumps(facts, ensure_ascii=False, default=str)


def _cell(value: object) -> str:
    if isinstance(value, str) or value is None:
        return value or ""
    return ", ".join(map(str, value)) if isinstance(value, Iterable) else str(value)
