"""Write the parts of OpenLineage events as the specification says; the tests hold every event to its schemas.

The client library is not used: loading it costs each job half a second of processor time, a hundred times what an event does (ADR 0028).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

Facets = dict[str, Any]
SPECIFICATION = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
RUN_EVENT = f"{SPECIFICATION}#/$defs/RunEvent"
VERSIONS = {
    "schema": "1-2-0/SchemaDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "ownership": "1-0-1/OwnershipDatasetFacet",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "inputStatistics": "1-0-0/InputStatisticsInputDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet",
    "nominalTime": "1-0-1/NominalTimeRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
    "executionParameters": "1-0-0/ExecutionParametersRunFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "parent": "1-2-0/ParentRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
}
DIRECT = "DIRECT"
IDENTITY, TRANSFORMATION, AGGREGATION = "IDENTITY", "TRANSFORMATION", "AGGREGATION"


@cache
def producer() -> str:
    """Return the URI that names this program and its version."""
    return f"urn:huiliu:{version('huiliu')}"


def facet(key: str, **content: Any) -> Facets:
    """Return a facet under its key, ready to be merged with others."""
    path = VERSIONS[key]
    url = f"https://openlineage.io/spec/facets/{path.split('/')[0]}/{path.split('/')[1]}.json#/$defs/{path.split('/')[1]}"
    return {key: {"_producer": producer(), "_schemaURL": url, **content}}


def schema(columns: Iterable[tuple[str, str]]) -> Facets:
    """Return the facet that names the columns of a dataset with their types."""
    fields = [{"name": name, "type": type_, "ordinal_position": place} for place, (name, type_) in enumerate(columns, 1)]
    return facet("schema", fields=fields)


def described(text: str) -> Facets:
    """Return the facet that says what a dataset is."""
    return facet("documentation", description=text)


def owned(name: str, role: str) -> Facets:
    """Return the facet that says whose a dataset is; never a person."""
    return facet("ownership", owners=[{"name": name, "type": role}])


def column_lineage(fields: Mapping[str, list[dict[str, Any]]]) -> Facets:
    """Return the facet that says what each column comes from; empty where nothing is known."""
    known = {name: {"inputFields": sources} for name, sources in fields.items() if sources}
    return facet("columnLineage", fields=known) if known else {}


def comes_from(namespace: str, name: str, field: str, subtype: str, *, is_masked: bool = False) -> dict[str, Any]:
    """Return a column that another one comes from, and how."""
    how = {"type": DIRECT, "subtype": subtype, "masking": is_masked}
    return {"namespace": namespace, "name": name, "field": field, "transformations": [how]}
