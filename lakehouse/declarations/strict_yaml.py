"""Read a declaration (YAML) into its typed model; all problems of a file are reported together, with line and what is allowed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import rfc8785
from pydantic import BaseModel, ConfigDict, ValidationError

from lakehouse.declarations.document import Document, Finding, Step, read_document
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text


class Declared(BaseModel):
    """Base of all declarations: frozen, unknown keys refused, the file's camelCase keys accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Model = TypeVar("Model", bound=Declared)


def read_declaration(path: Path, model: type[Model]) -> Model:
    """Read a file and return it as its model.

    Raises:
        ContractError: it is missing, no YAML, holds a key twice or an unknown one, or a value that is not allowed; all problems at once.
    """
    return typed(declaration(path), model)


def declaration(path: Path) -> Document:
    """Return a file as a document that knows the line of every value.

    Raises:
        ContractError: it is missing, or no YAML mapping.
    """
    if not path.is_file():
        raise ContractError(Problem(str(path), "the file is missing.", "", "restore it from the project.").text())
    return read_document(path, str(path))


def typed(document: Document, model: type[Model]) -> Model:
    """Return a document as its model.

    Raises:
        ContractError: it does not fit; all problems at once.
    """
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        raise ContractError(problems_text(document.problems(typed_findings(error, (), document.content, model)))) from None


def declared_sha256(declared: Declared) -> str:
    """Return the SHA-256 of a declaration's content; comments and layout do not matter."""
    return hashlib.sha256(rfc8785.dumps(declared.model_dump(mode="json", by_alias=True))).hexdigest()


def typed_findings(error: ValidationError, steps: tuple[Step, ...], given: Any, declared: Any) -> Iterator[Finding]:
    """Yield what pydantic found wrong, worded as our own messages.

    Args:
        error: what pydantic says.
        steps: where the value stands in its document.
        given: the value as it was read.
        declared: the type it should have.
    """
    for one in error.errors(include_url=False):
        where, key, found = one["loc"], str(one["loc"][-1]) if one["loc"] else "", one["input"]
        allowed = ""
        if one["type"] == "extra_forbidden":
            text, allowed = f"the key {key!r} is unknown.", nearest_first(key, _keys(declared, where))
        elif one["type"] == "missing":
            text = f"{key} is missing."
        elif one["type"] in ("literal_error", "union_tag_invalid"):
            value = found.get("kind") if isinstance(found, dict) else found
            text, allowed = f"{value!r} is not allowed.", nearest_first(str(value), _choices(one))
        else:
            text = f"{one['msg'].removeprefix('Value error, ')}."
        yield Finding((*steps, *_written(where, given), *([key] if one["type"] == "missing" else [])), text, allowed)


def _written(location: tuple[int | str, ...], given: Any) -> Iterator[Step]:
    """Yield the steps of a location that exist in the document; pydantic's locations also contain the tags and classes of unions."""
    for step in location:
        exists = step in given if isinstance(given, dict) else isinstance(given, list) and isinstance(step, int) and step < len(given)
        if exists:
            given = given[step]
            yield step


def _choices(error: Any) -> list[str]:
    expected = error["ctx"].get("expected") or error["ctx"].get("expected_tags")
    return [word.strip("' ") for word in str(expected).replace(" or ", ", ").split(",")]


def _keys(declared: Any, location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed where an unknown key was found: the fields of the models at that location."""
    models = _models(declared)
    for step in location[:-1]:
        fields = [field for model in models for name, field in model.model_fields.items() if step in (name, field.alias)]
        models = [model for field in fields for model in _models(field.annotation)] or models
    tagged = [
        model for model in models if any(getattr(model.model_fields.get("kind"), "annotation", None) == Literal[tag] for tag in location)
    ]
    return [field.alias or name for model in tagged or models for name, field in model.model_fields.items()]


def _models(declared: Any) -> list[type[BaseModel]]:
    """Return the models a type names: itself, or those of a union, a list or a mapping."""
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return [declared]
    return [model for argument in getattr(declared, "__args__", ()) for model in _models(argument)]
