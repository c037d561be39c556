"""Render the reference of every key a contract may hold, from the typed model, its docstrings and the registry of rules."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lakehouse.contracts.cycle import CYCLES, WHOLE_DAYS
from lakehouse.contracts.layouts import Layout
from lakehouse.contracts.model import Column, Contract
from lakehouse.contracts.properties import COLUMN_PROPERTIES, CONTRACT_PROPERTIES, REQUIRED_PROPERTIES
from lakehouse.rules.format import FORMATS
from lakehouse.rules.registry import kinds

# Keys of the standard: key, the field of the model that holds it, its value, whether it is needed.
HEAD: tuple[tuple[str, str, str, bool], ...] = (
    ("apiVersion", "the version of the standard.", "`v3.1.0`", True),
    ("kind", "the kind of the document.", "`DataContract`", True),
    ("id", "code", "text", True),
    ("name", "name_zh", "text", True),
    ("version", "version", "text", True),
    ("status", "how far the contract is, for people: a draft is read like an active one.", "`draft`, `active`, …", True),
    ("description.purpose", "description", "text", True),
    ("description.usage", "what it may be used for, for people.", "text", False),
    ("customProperties", "the keys of the next section, each as `{property: …, value: …}`.", "list", True),
    (
        "schema",
        "one table with the name of the contract; `properties` are its columns, `quality` may hold rules of several columns.",
        "list",
        True,
    ),
)
OF_COLUMN: tuple[tuple[str, str, str, bool], ...] = (
    ("name", "name", "text", True),
    ("physicalName", "source_name", "text", False),
    ("businessName", "label_zh", "text", True),
    ("description", "label_en", "text", True),
    ("logicalType", "type", "", True),
    ("physicalType", "physical_type", "text", False),
    ("logicalTypeOptions.format", "format", "", False),
    ("required", "required", "`true`, `false`", False),
    ("primaryKey", "key", "`true`, `false`", False),
    ("primaryKeyPosition", "the place of the column in the key, from the top down.", "whole number", False),
    ("quality", "the rules of the column; see below.", "list", False),
    ("customProperties", "the keys of the next table, each as `{property: …, value: …}`.", "list", True),
)
IMPLEMENTATION: tuple[tuple[str, str, str, bool], ...] = (
    ("rule", "the kind of the rule.", "a kind of the next table", True),
    ("severity", "`error` quarantines the row, `warning` only flags it.", "`error`, `warning`", True),
    ("ruleId", "the id of the rule; needed where a column has two rules of one kind.", "text, `<column>.<kind>` by default", False),
    ("column", "the column it judges; only of a rule under `quality` of the table.", "a column", False),
)
NAMES = {
    "class": "class_",
    "nameEn": "name_en",
    "blockAt": "block_at",
    "closingsHeldAt": "closings_held_at",
    "wordsForNothing": "words_for_nothing",
    "renamedFrom": "renamed_from",
}  # property → field of the model
INTRO = """\
# Every key of a contract 数据合约的每个键

This page is rendered from the model (`lakehouse/contracts/model.py`, `lakehouse/contracts/terms.py`, `lakehouse/contracts/layouts.py`) by
`huiliu docs`; a test holds it current.

What the kinds of rules judge is told in [rules.md](rules.md), what a reader does with a delivery in [sources.md](sources.md).

A contract is one file `contracts/resources/<level>/<code>.odcs.yaml` of the Open Data Contract Standard 3.1. `huiliu contracts new FILE`
begins one from a delivered file, `huiliu contracts check` tells all problems of all files at once. Other keys of the standard may stand
in it and have no effect; custom properties and keys below them that are not listed here are refused.
"""
WORDS = {str: "text", int: "whole number", float: "number", bool: "`true`, `false`", date: "YYYY-MM-DD"}
Line = tuple[str, str, str, str]


def render() -> str:
    """Return the page; the same model gives the same bytes."""
    return "\n".join(_lines()) + "\n"


def described(model: type[BaseModel]) -> dict[str, str]:
    """Return field → what its docstring says of it, from the section `Attributes`."""
    text = inspect.getdoc(model) or ""
    _, _, section = text.partition("Attributes:\n")
    found: dict[str, str] = {}
    for line in section.splitlines():
        begun = re.match(r"    (\w+): (.*)", line)
        if begun:
            found[begun[1]] = begun[2]
        elif found and line.strip():
            last = next(reversed(found))
            found[last] += f" {line.strip()}"
    return found


def _lines() -> Iterator[str]:
    yield from (INTRO, "## The head", "")
    yield from _table(_standard(HEAD, Contract))
    yield from ("", "## Custom properties", "")
    texts = described(Contract)
    yield from _table(
        (name, _value(kind), _needed(name in REQUIRED_PROPERTIES), texts.get(NAMES.get(name, name), ""))
        for name, kind in CONTRACT_PROPERTIES.items()
    )
    for name, kind in CONTRACT_PROPERTIES.items():
        models = dict.fromkeys(_models(kind))
        for model in models:
            yield from _of_model(name, model)
        inner = {one: key for model in models for key, field in model.model_fields.items() for one in _models(field.annotation)}
        for model, key in inner.items():
            yield from _of_model(f"{name}.{key}", model)
    yield from ("", "## Columns", "")
    yield from _table(_standard(OF_COLUMN, Column))
    yield from ("", "The custom properties of a column:", "")
    texts = described(Column)
    yield from _table(
        (name, _value(kind), _needed(name in ("class", "grade")), texts.get(NAMES.get(name, name), ""))
        for name, kind in COLUMN_PROPERTIES.items()
    )
    yield from _rules()


def _of_model(name: str, model: type[BaseModel]) -> Iterator[str]:
    first, field = next(iter(model.model_fields.items()))
    is_one_kind = first == "kind" and get_origin(field.annotation) is Literal
    said = f" (`kind: {get_args(field.annotation)[0]}`)" if is_one_kind else f" (`{first}: …`)" if name == "provider" else ""
    head = (inspect.getdoc(model) or "").partition("\n\nAttributes:")[0]
    yield from ("", f"### `{name}`{said}", "", head, "")
    texts = described(model)
    yield from _table(
        (field.alias or key, _of_field(field), _needed(field.is_required()), texts.get(key, ""))
        for key, field in model.model_fields.items()
    )
    if name == "cycle":
        yield from ("", f"At most {', '.join(f'{CYCLES[every].latest_hours} hours with `{every}`' for every in WHOLE_DAYS)}.")
    if model is Layout:
        yield from ("", "`layouts` is a list; each of its entries has these keys.")


def _rules() -> Iterator[str]:
    yield from ("", "## Rules", "")
    yield "Each stands as `{type: custom, engine: huiliu, implementation: {rule: …, severity: …, …}}` under `quality`."
    yield "The keys of `implementation`:"
    yield ""
    yield from _table((key, value, _needed(needed), text) for key, text, value, needed in IMPLEMENTATION)
    yield from ("", "The kinds, with their further keys:", "", "| Kind | Keys | What they say |", "|---|---|---|")
    for name, kind in kinds().items():
        fields = kind.parameters.model_fields.items()
        keys = ", ".join(f"`{field.alias or key}`{'' if field.is_required() else ' (optional)'}" for key, field in fields)
        yield f"| `{name}` | {keys} | {_cell(' '.join((inspect.getdoc(kind.parameters) or '').split()))} |"


def _standard(keys: Iterable[tuple[str, str, str, bool]], model: type[BaseModel]) -> Iterator[Line]:
    texts = described(model)
    for key, field, value, needed in keys:
        is_type, is_format = key == "logicalType", key == "logicalTypeOptions.format"
        formats = "; ".join(f"{kind}: {', '.join(f'`{one}`' for one in forms)}" for kind, forms in FORMATS.items())
        shown = _value(model.model_fields[field].annotation) if is_type else formats if is_format else value
        yield key, shown, _needed(needed), texts.get(field, field)


def _of_field(field: FieldInfo) -> str:
    bounds = [f"from {mark.ge}" for mark in field.metadata if isinstance(mark, Ge)] + [
        f"to {mark.le}" for mark in field.metadata if isinstance(mark, Le)
    ]
    shown = " ".join([_value(field.annotation), *bounds])
    default = field.get_default(call_default_factory=True, validated_data={}) if not field.is_required() else None
    is_told = default in (None, (), {}) or isinstance(default, BaseModel)  # the keys of a mapping tell their own
    return shown if is_told else f"{shown}; default `{default}`"


def _value(kind: Any) -> str:
    """Return in words which values a type takes."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is None:
        return "mapping, see below" if isinstance(kind, type) and issubclass(kind, BaseModel) else WORDS.get(kind, kind.__name__)
    if origin in (Annotated, Union, UnionType):
        told = arguments[:1] if origin is Annotated else [argument for argument in arguments if argument is not NoneType]
        return " or ".join(dict.fromkeys(map(_value, told)))
    if origin is Literal:
        return ", ".join(f"`{argument}`" for argument in arguments)
    return f"list of {_value(arguments[0])}" if origin in (tuple, list) else "mapping"


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for argument in get_args(kind):
        yield from _models(argument)


def _needed(needed: bool) -> str:
    return "yes" if needed else ""


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from ("| Key | Value | Needed | What it says |", "|---|---|---|---|")
    for key, *others in rows:
        yield f"| `{key}` | {' | '.join(map(_cell, others))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
