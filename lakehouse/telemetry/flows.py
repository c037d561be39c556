"""What each job reads and writes: keys of datasets, and what its answer tells of them in numbers.

Answers hold names, counts and reasons, never a value from the data; so do the facets made of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lakehouse.naming import bronze, silver
from lakehouse.steps import UPKEEP
from lakehouse.telemetry import facets
from lakehouse.telemetry.datasets import Catalogue, landing_of, packages_of, payload_of, record_of, source_of
from lakehouse.telemetry.facets import Facets

Facts = Mapping[str, Any]
Told = dict[str, Facets]


@dataclass(frozen=True)
class Flow:
    """The datasets that a job reads and writes, each with the facets of this run; `parts` are flows of its own for what it makes.

    `versions` are the versions in the lake that tables have after it.
    """

    reads: Told = field(default_factory=dict)
    writes: Told = field(default_factory=dict)
    parts: Mapping[str, Flow] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)


def flow_of(job: str, resource: str | None, facts: Facts, known: Catalogue) -> Flow:
    """Return what a job reads and writes; `facts` are those of its answer, empty while it runs and when it failed.

    A final day is only checked: nothing of it is written.
    """
    if resource is not None:
        return OF_RESOURCE[job](resource, facts, known) if job in OF_RESOURCE else Flow()
    flow = OF_DAY[job](facts, known) if job in OF_DAY else Flow()
    return Flow(flow.reads) if facts.get("outcome") == "final" else flow


def _extract(resource: str, facts: Facts, _known: Catalogue) -> Flow:
    landed = _written(fileCount=facts["landed"]) if facts else {}
    rows = _written(rowCount=facts["rows"]) if facts else {}
    reads: Told = {source_of(resource): {}, landing_of(resource): {}}
    return Flow(reads, {landing_of(resource): landed, bronze(resource): rows, record_of("batch"): {}})


def _gate(resource: str, facts: Facts, known: Catalogue) -> Flow:
    judged = facts.get("judged", ())
    rows = sum(one["received"] for one in judged)
    asserted = {**_read(rowCount=rows), **_assertions(resource, judged, known)} if judged else {}
    return Flow({bronze(resource): asserted}, {record_of("batch"): {}})


def _silver(resource: str, facts: Facts, _known: Catalogue) -> Flow:
    read = _read(rowCount=sum(one["received"] for one in facts.get("by_batch", ()))) if facts else {}
    written = _written(rowCount=facts.get("inserted", 0) + facts.get("updated", 0)) if facts else {}
    return Flow({bronze(resource): read, record_of("batch"): {}}, {silver(resource): written})


def _reconcile(resource: str, _facts: Facts, _known: Catalogue) -> Flow:
    return Flow({source_of(resource): {}, bronze(resource): {}}, {record_of("reconciliation"): {}})


def _recount(resource: str, _facts: Facts, _known: Catalogue) -> Flow:
    return Flow({bronze(resource): {}})


def _outcome(_resource: str, _facts: Facts, _known: Catalogue) -> Flow:
    return Flow({record_of("batch"): {}}, {record_of("ingest_run"): {}})


def _gaps(_resource: str, _facts: Facts, _known: Catalogue) -> Flow:
    return Flow({record_of("batch"): {}, record_of("ingest_run"): {}})


def _reference(facts: Facts, known: Catalogue) -> Flow:
    """The tables it wrote stand in the answer; before, all that libraries read of them."""
    written = {name: _written(rowCount=one["changes"]) for name, one in facts.get("tables", {}).items()}
    return Flow({}, {table: written.get(table.partition(".")[2], {}) for table in _reference_tables(known)})


def _close_day(_facts: Facts, _known: Catalogue) -> Flow:
    return Flow({record_of("batch"): {}, record_of("ingest_run"): {}}, {record_of("day"): {}})


def _libraries(facts: Facts, known: Catalogue) -> Flow:
    """One part for each library, with the tables its columns come from; the whole reads what none of the libraries is."""
    built = {one["table"]: one for one in facts.get("tables", ())}
    parts = {
        table: Flow(
            {one: {} for one in parents}, {table: _written(rowCount=built[table]["changed"])}, versions={table: built[table]["version"]}
        )
        for table, parents in known.parents.items()
        if table in built
    }
    outside: Told = {one: {} for parents in known.parents.values() for one in parents if one not in known.parents}
    return Flow(outside, {table: {} for table in known.parents}, parts)


def _returns_build(facts: Facts, known: Catalogue) -> Flow:
    made = [one for one in known.returns if one not in facts.get("left_out", {})]
    return Flow({known.returns[one]["source"]: {} for one in made}, {payload_of(one): {} for one in made})


def _returns_prove(_facts: Facts, known: Catalogue) -> Flow:
    sources: Told = {one["source"]: {} for one in known.returns.values()}
    return Flow({**sources, **{payload_of(one): {} for one in known.returns}}, {record_of("day_fact"): {}})


def _returns_publish(_facts: Facts, known: Catalogue) -> Flow:
    reads: Told = {**{payload_of(one): {} for one in known.returns}, record_of("day"): {}, record_of("day_fact"): {}}
    return Flow(reads, {**{packages_of(one): {} for one in _folders(known)}, record_of("package"): {}})


def _invariants(_facts: Facts, known: Catalogue) -> Flow:
    return Flow({packages_of(one): {} for one in _folders(known)}, {record_of("day_fact"): {}})


OF_RESOURCE: Mapping[str, Callable[[str, Facts, Catalogue], Flow]] = {
    "extract": _extract,
    "gate": _gate,
    "silver": _silver,
    "reconcile": _reconcile,
    "recount": _recount,
    "ingest_outcome": _outcome,
    "ingest_gaps": _gaps,
}
OF_DAY: Mapping[str, Callable[[Facts, Catalogue], Flow]] = {
    "reference": _reference,
    "close_day": _close_day,
    "libraries": _libraries,
    "returns_build": _returns_build,
    "returns_prove": _returns_prove,
    "returns_publish": _returns_publish,
    "invariants": _invariants,
    UPKEEP: lambda _facts, _known: Flow(),  # no table holds another row after it
}


def _assertions(resource: str, judged: Any, known: Catalogue) -> Facets:
    """Return what the gate asserted of the rows of all batches it judged: each rule with the number of rows that break it."""
    broken = Counter[str]()
    for one in judged:
        broken.update(one["broken"])
    rules = {one["id"]: one for one in known.rules.get(resource, ())}
    found = []
    for name in [*rules, *sorted(set(broken) - set(rules))]:
        rule = rules.get(name, {})
        one = {"assertion": rule.get("kind", name), "name": name, "success": not broken[name], "expected": "0", "actual": str(broken[name])}
        severity = {"severity": "warn" if rule["severity"] == "warning" else "error", "description": rule["description"]} if rule else {}
        found.append({**one, **severity, **({"column": rule["column"]} if rule.get("column") else {})})
    return facets.facet("dataQualityAssertions", assertions=found)


def _written(**counts: int) -> Facets:
    return facets.facet("outputStatistics", **counts)


def _read(**counts: int) -> Facets:
    return facets.facet("inputStatistics", **counts)


def _folders(known: Catalogue) -> list[str]:
    return sorted({folder for one in known.returns.values() for folder in one["folders"]})


def _reference_tables(known: Catalogue) -> list[str]:
    return [key for key in known.datasets if key.startswith("ref.") and ":" not in key and key not in known.parents]
