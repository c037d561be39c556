"""The datasets that jobs read and write, from source to package, under keys of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakehouse.telemetry.facets import Facets

RECORDS = ("batch", "reconciliation", "ingest_run", "day", "day_fact", "package")
"""Tables of the operational database that jobs pass decisions on with."""


@dataclass(frozen=True)
class Dataset:
    """A dataset by its OpenLineage name, with the facets that its declaration gives."""

    namespace: str
    name: str
    facets: Facets = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """All datasets by a key of ours, and what the declarations say of how they hang together.

    Attributes:
        datasets: every dataset; the key of a table is its name, others have a prefix (`source:`, `landing:`, `payload:`, `packages:`,
            `record:`).
        rules: resource → rules of the gate: id, kind, column, severity, description.
        parents: library → the tables its columns come from.
        returns: return → the table it is made from and the folders of its packages.
    """

    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    rules: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    parents: Mapping[str, list[str]] = field(default_factory=dict)
    returns: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def source_of(resource: str) -> str:
    """Return the key of what a resource is delivered from."""
    return f"source:{resource}"


def landing_of(resource: str) -> str:
    """Return the key of the landed deliveries of a resource."""
    return f"landing:{resource}"


def payload_of(return_id: str) -> str:
    """Return the key of the payloads of a return."""
    return f"payload:{return_id}"


def packages_of(folder: str) -> str:
    """Return the key of the packages of a level, or of departments."""
    return f"packages:{folder}"


def record_of(table: str) -> str:
    """Return the key of a table of the operational database."""
    return f"record:{table}"
