"""Returns the Spark predicate of every kind of rule the kernel declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from pyspark.sql import Column, DataFrame

from lakehouse.contracts import model
from lakehouse.rules.registry import kinds
from spark_jobs.transforms.rules.scope import RuleCase, RuleScope


@dataclass(frozen=True)
class Predicate:
    """How Spark judges rows by one kind of rule."""

    breaks: Callable[[RuleCase], Column]
    prepare: Callable[[RuleCase, DataFrame], DataFrame] | None


def _predicate(kind: str) -> Predicate:
    module = import_module(f"spark_jobs.transforms.rules.{kind}")
    return Predicate(module.breaks, getattr(module, "prepare", None))


PREDICATES = {kind: _predicate(kind) for kind in kinds()}


def cases(contract: model.Contract, scope: RuleScope) -> list[RuleCase]:
    """Returns the rules of a contract in a scope."""
    return [RuleCase(rule, contract, scope) for rule in contract.rules]
