"""Returns custom properties typed: each is read by itself, so that one wrong value does not hide another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from lakehouse.contracts.model import (
    BlockAt,
    ColumnClass,
    Cycle,
    EachProvider,
    Level,
    Locality,
    Normalisation,
    Operation,
    Sharing,
    Source,
    Typed,
)
from lakehouse.declarations.document import Finding, Step
from lakehouse.errors import nearest_first
from lakehouse.rules.declaration import Parameters

Provider = Annotated[str, Field(pattern=r"^[0-9A-Y]{18}$")]
Position = Annotated[str, BeforeValidator(lambda value: value[0] if isinstance(value, list) and len(value) == 1 else value)]
NAME_PATTERN = re.compile("[a-z][a-z0-9_]*")
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]

CONTRACT_PROPERTIES: dict[str, Any] = {
    "nameEn": str,
    "level": Level,
    "provider": Provider | EachProvider,
    "source": Source,
    "cycle": Cycle,
    "delivery": Literal["increment", "snapshot", "event"],
    "position": Position,
    "operation": Operation,
    "sharing": Sharing,
    "locality": Locality,
    "blockAt": BlockAt,
}
REQUIRED_PROPERTIES = ("nameEn", "level", "provider", "source", "cycle", "delivery", "sharing", "locality")
COLUMN_PROPERTIES: dict[str, Any] = {
    "class": ColumnClass,
    "grade": Literal[1, 2, 3, 4],
    "normalise": tuple[Normalisation, ...],
    "identity": Name,
    "dropped": bool,
}


def read_properties(raw: Any, types: Mapping[str, Any], steps: tuple[Step, ...]) -> tuple[dict[str, Any], list[Finding]]:
    """Returns the typed values of a `customProperties` list, and what is wrong with the others."""
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        name = item.get("property") if isinstance(item, dict) else None
        if not isinstance(name, str) or "value" not in item:
            continue  # the standard's schema says so
        place = (*steps, "customProperties", index)
        if name not in types:
            findings.append(Finding(place, f"the property {name!r} is unknown.", nearest_first(name, list(types)), "correct or remove it."))
        elif name in values:
            findings.append(Finding(place, f"the property {name!r} stands twice.", "", "remove one."))
        else:
            try:
                values[name] = _adapter(name, types is CONTRACT_PROPERTIES).validate_python(item["value"])
            except ValidationError as error:
                findings.extend(typed_findings(error, (*place, "value"), types[name]))
    return values, findings


def typed_findings(error: ValidationError, steps: tuple[Step, ...], declared: Any) -> Iterator[Finding]:
    """Yields what pydantic found wrong, in the house's words."""
    for one in error.errors(include_url=False):
        inner = tuple(step for step in one["loc"] if _is_key(step, declared))
        place, given, allowed = (*steps, *inner), one["input"], ""
        if one["type"] == "extra_forbidden":
            found, allowed = f"the key {one['loc'][-1]!r} is unknown.", nearest_first(str(one["loc"][-1]), _fields(declared, one["loc"]))
        elif one["type"] == "missing":
            found = f"{one['loc'][-1]} is missing."
        elif one["type"] in ("literal_error", "union_tag_invalid"):
            choices = _choices(one)
            given = given.get("kind") if isinstance(given, dict) else given
            found, allowed = f"{given!r} is not allowed.", nearest_first(str(given), choices)
        else:
            found = f"{one['msg'].removeprefix('Value error, ')}."
        yield Finding(place, found, allowed)


@cache
def _adapter(name: str, of_contract: bool) -> TypeAdapter[Any]:
    return TypeAdapter((CONTRACT_PROPERTIES if of_contract else COLUMN_PROPERTIES)[name])


def _choices(error: Any) -> list[str]:
    expected = error["ctx"].get("expected") or error["ctx"].get("expected_tags")
    return [word.strip("' ") for word in str(expected).replace(" or ", ", ").split(",")]


def _is_key(step: int | str, declared: Any) -> bool:
    """Leaves out what pydantic adds to a location for unions: the tag and the class."""
    return isinstance(step, int) or step in {name for model in _models(declared) for name in _names(model)}


def _fields(declared: Any, location: tuple[int | str, ...]) -> list[str]:
    models = _models(declared)
    tagged = [
        model for model in models if any(getattr(model.model_fields.get("kind"), "annotation", None) == Literal[tag] for tag in location)
    ]
    return [name for model in tagged or models for name in _names(model)]


def _names(model: type[Typed] | type[Parameters]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(declared: Any) -> list[type[Typed] | type[Parameters]]:
    if isinstance(declared, type):
        return [declared] if issubclass(declared, Typed | Parameters) else []
    return [model for argument in getattr(declared, "__args__", ()) for model in _models(argument)]
