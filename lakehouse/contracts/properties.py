"""Read custom properties typed, each by itself, so that one wrong value does not hide another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter, ValidationError

from lakehouse.contracts.layouts import Layout
from lakehouse.contracts.model import Cycle, EachProvider, Grade, Level, Normalisation, OneProvider, Sharing, Source
from lakehouse.contracts.terms import Alerts, BlockAt, ClosingsHeldAt, Locality, Migration, Operation
from lakehouse.declarations.document import Finding, Step
from lakehouse.declarations.strict_yaml import typed_findings
from lakehouse.errors import nearest_first

Provider = Annotated[
    Annotated[OneProvider, Tag("one")] | Annotated[EachProvider, Tag("each")],
    Discriminator(lambda value: "each" if isinstance(value, dict) and "each" in value else "one"),
]
Position = Annotated[str, BeforeValidator(lambda value: value[0] if isinstance(value, list) and len(value) == 1 else value)]
NAME_PATTERN = re.compile("[a-z][a-z0-9_]*")
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
Version = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]

CONTRACT_PROPERTIES: dict[str, Any] = {
    "nameEn": str,
    "level": Level,
    "provider": Provider,
    "source": Source,
    "cycle": Cycle,
    "delivery": Literal["increment", "snapshot", "event"],
    "position": Position,
    "operation": Operation,
    "sharing": Sharing,
    "locality": Locality,
    "blockAt": BlockAt,
    "layouts": tuple[Layout, ...],
    "closingsHeldAt": ClosingsHeldAt,
    "alerts": Alerts,
    "migrations": tuple[Migration, ...],
    "wordsForNothing": tuple[Annotated[str, Field(pattern=r"^\S(.*\S)?$")], ...],
}
REQUIRED_PROPERTIES = ("nameEn", "level", "provider", "source", "cycle", "delivery", "sharing", "locality")
COLUMN_PROPERTIES: dict[str, Any] = {
    "class": Name,
    "grade": Grade,
    "normalise": tuple[Normalisation, ...],
    "identity": Name,
    "dropped": bool,
    "added": Version,
    "renamedFrom": Names,
}


def read_properties(raw: Any, types: Mapping[str, Any], steps: tuple[Step, ...]) -> tuple[dict[str, Any], list[Finding]]:
    """Return the typed values of a `customProperties` list, and what is wrong with the others."""
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        name = item.get("property") if isinstance(item, dict) else None
        if not isinstance(name, str) or "value" not in item:
            continue  # the standard's schema reports it
        place = (*steps, "customProperties", index)
        if name not in types:
            findings.append(Finding(place, f"the property {name!r} is unknown.", nearest_first(name, list(types)), "correct or remove it."))
        elif name in values:
            findings.append(Finding(place, f"the property {name!r} stands twice.", "", "remove one."))
        else:
            try:
                values[name] = _adapter(name, types is CONTRACT_PROPERTIES).validate_python(item["value"])
            except ValidationError as error:
                findings.extend(typed_findings(error, (*place, "value"), item["value"], types[name]))
    return values, findings


@cache
def _adapter(name: str, of_contract: bool) -> TypeAdapter[Any]:
    return TypeAdapter((CONTRACT_PROPERTIES if of_contract else COLUMN_PROPERTIES)[name])
