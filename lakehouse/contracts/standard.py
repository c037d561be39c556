"""Check a document against the JSON Schema of the Open Data Contract Standard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lakehouse.declarations.document import Document, Finding
from lakehouse.errors import nearest_first

PLACES = {"unevaluatedProperties", "additionalProperties"}
_told: dict[str, list[Finding]] = {}  # by content: a process that runs many jobs reads the same contracts in each


def standard_findings(document: Document) -> list[Finding]:
    """Return the findings of the standard's schema; for an unknown key they name the allowed keys, nearest first."""
    content = repr(document.content)
    if content not in _told:
        _told[content] = [finding for error in _validator().iter_errors(document.content) for finding in _findings(error)]
    return _told[content]


@cache
def _validator() -> Any:
    import jsonschema  # here, because parsing DAGs does without it

    return jsonschema.Draft201909Validator(_schema())


@cache
def _schema() -> dict[str, Any]:
    spec = find_spec("open_data_contract_standard")
    assert spec is not None
    assert spec.origin is not None
    schema: dict[str, Any] = json.loads((Path(spec.origin).parent / "schema.json").read_text("utf-8"))
    return schema


def _findings(error: Any) -> Iterator[Finding]:
    steps = tuple(error.absolute_path)
    if error.validator in PLACES:
        yield from _unknown_keys(error, steps)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        yield Finding(steps, f"{', '.join(missing)} is missing.", "", "add it (Open Data Contract Standard 3.1).")
    elif error.validator == "enum":
        yield Finding(
            steps, f"{error.instance!r} is not allowed.", nearest_first(str(error.instance), list(map(str, error.validator_value)))
        )
    elif error.context:
        deepest = max(error.context, key=lambda inner: len(inner.absolute_path))
        yield from _findings(deepest)
    else:
        yield Finding(steps, f"{error.message}.", "", "see the Open Data Contract Standard 3.1.")


def _unknown_keys(error: Any, steps: tuple[str | int, ...]) -> Iterator[Finding]:
    """Yield the keys no branch of the schema knows; a key whose own value is wrong counts as unevaluated too and is left out."""
    known = sorted(_known_keys(error.schema))
    for key in error.instance:
        if key not in known:
            yield Finding((*steps, key), f"the key {key!r} is unknown.", nearest_first(key, known), "correct or remove it.")


def _known_keys(schema: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    keys = set(schema.get("properties", {}))
    for branch in (*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("then"), schema.get("else")):
        keys |= _known_keys(branch, seen)
    reference = schema.get("$ref", "")
    if reference.startswith("#/$defs/") and reference not in seen:
        keys |= _known_keys(_schema()["$defs"][reference.removeprefix("#/$defs/")], seen | {reference})
    return keys
