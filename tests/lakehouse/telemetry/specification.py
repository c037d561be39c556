"""What is wrong with an OpenLineage event by the specification's own JSON schemas, and how the events of a day hang together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parent / "spec"
Event = dict[str, Any]
Name = tuple[str, str]


@cache
def registry() -> Registry:
    """Return the vendored schemas under their own addresses."""
    found = [Resource.from_contents(json.loads(path.read_text("utf-8"))) for path in sorted(SCHEMAS.glob("*.json"))]
    assert len(found) > 10
    return Registry().with_resources([(str(one.id()), one) for one in found])


def faults(event: Event) -> list[str]:
    """Return what the specification does not allow in an event: its own form, and the form of each facet under the address it names."""
    found = [f"{event['job']['name']}: {one}" for one in _against(event["schemaURL"], event)]
    for where, facet in facets(event):
        found += [f"{event['job']['name']}: {where}: {one}" for one in _against(facet["_schemaURL"], facet)]
    times = [event["eventTime"], *event["run"]["facets"]["nominalTime"].values()]
    stamps = [datetime.fromisoformat(one) for one in times if not one.startswith(("urn:", "http"))]
    return found + [f"{event['job']['name']}: a time without zone" for one in stamps if one.tzinfo is None]


def facets(event: Event) -> Iterator[tuple[str, Event]]:
    """Yield every facet of an event with its place."""
    places = {"run": event["run"]["facets"], "job": event["job"]["facets"]}
    for side in ("inputs", "outputs"):
        for one in event[side]:
            for kind in ("facets", "inputFacets", "outputFacets"):
                places[f"{side} {one['name']} {kind}"] = one.get(kind, {})
    yield from ((f"{place} {key}", facet) for place, named in places.items() for key, facet in named.items())


def reached(events: Iterable[Event], start: Name) -> set[Name]:
    """Return the datasets that a dataset flows into, by what the jobs of the events read and write."""
    edges: dict[Name, set[Name]] = defaultdict(set)
    for event in events:
        for one in event["inputs"]:
            edges[one["namespace"], one["name"]] |= {(other["namespace"], other["name"]) for other in event["outputs"]}
    return _closure(edges, start)


def fields_reached(events: Iterable[Event], start: tuple[str, str, str]) -> set[tuple[str, str, str]]:
    """Return the columns that a column flows into, by the column lineage of the events."""
    edges: dict[Any, set[Any]] = defaultdict(set)
    for event in events:
        for one in event["outputs"]:
            for name, said in one.get("facets", {}).get("columnLineage", {}).get("fields", {}).items():
                for source in said["inputFields"]:
                    edges[source["namespace"], source["name"], source["field"]].add((one["namespace"], one["name"], name))
    return _closure(edges, start)


def _closure(edges: dict[Any, set[Any]], start: Any) -> set[Any]:
    found, waiting = {start}, [start]
    while waiting:
        for one in edges.get(waiting.pop(), set()) - found:
            found.add(one)
            waiting.append(one)
    return found


def _against(url: str, instance: object) -> list[str]:
    checker = Draft202012Validator({"$ref": url}, registry=registry(), format_checker=FormatChecker())
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in checker.iter_errors(instance)]
