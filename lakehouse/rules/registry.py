"""The registry of rule kinds: every module of this package that declares `Parameters`, `DIMENSION` and `messages`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from lakehouse.contracts.model import Column, Rule
from lakehouse.rules.vocabulary import Called, Labels, Messages, Parameters, RuleKind

Severity = Literal["error", "warning"]
NOTHING_CALLED = Called({}, {})
NOT_KINDS = frozenset({"__init__", "vocabulary", "registry"})


@cache
def kinds() -> Mapping[str, RuleKind]:
    """Return every kind of rule by name; the name is the module's."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_KINDS)
    return MappingProxyType({name: _kind(name) for name in names})


def _kind(name: str) -> RuleKind:
    module = import_module(f"lakehouse.rules.{name}")
    optional = (getattr(module, "BEFORE_REPAIR", False), getattr(module, "TYPES", ()), getattr(module, "misfit", None))
    return RuleKind(name, module.Parameters, module.DIMENSION, module.messages, *optional, getattr(module, "JUDGED_IN", "gate"))


@cache
def gate_kinds() -> tuple[str, ...]:
    """Return the names of the kinds that are judged row by row at the gate."""
    return tuple(name for name, kind in kinds().items() if kind.judged_in == "gate")


def build_rule(
    kind: str, column: Column, severity: Severity, params: Mapping[str, Any] | None = None, called: Called = NOTHING_CALLED
) -> Rule:
    """Return a rule of a known kind for a column, with its dimension and messages; its id is `<column>.<kind>`.

    `called` has the readable names of other columns and of kinds of entities, for rules whose messages name them.

    Raises:
        pydantic.ValidationError: the parameters are wrong.
    """
    declared = kinds()[kind]
    parameters = declared.parameters.model_validate(params or {})
    return Rule(
        id=f"{column.name}.{kind}",
        kind=kind,
        column=column.name,
        severity=severity,
        dimension=declared.dimension,
        params=parameters.model_dump(mode="json", by_alias=True, exclude_none=True),
        message_zh=_messages(declared, column, parameters, called, 0).zh,
        message_en=_messages(declared, column, parameters, called, 1).en,
    )


def _messages(declared: RuleKind, column: Column, parameters: Parameters, called: Called, language: int) -> Messages:
    """Return the texts of a broken rule, with other columns and entities called by their readable names in a language."""
    spoken = {}
    for to, labels in (("column", called.columns), ("entity", called.entities)):
        for field, name in declared.references(parameters, to).items():
            spoken[field] = labels[name][language] if name in labels else name
    return declared.messages(Labels(column.label_zh, column.label_en), parameters.model_copy(update=spoken))
