"""Registry of the Spark predicates, one for each kind of rule the gate judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from pyspark.sql import Column

from lakehouse.contracts import model
from lakehouse.rules.registry import gate_kinds
from spark_jobs.transforms.rules.scope import Helper, RuleCase, RuleScope


@dataclass(frozen=True)
class Predicate:
    """The Spark implementation of one kind of rule: its predicate, and its helper columns if it needs any."""

    breaks: Callable[[RuleCase], Column]
    helpers: Callable[[RuleCase], dict[str, Helper]] | None


def _predicate(kind: str) -> Predicate:
    module = import_module(f"spark_jobs.transforms.rules.{kind}")
    return Predicate(module.breaks, getattr(module, "helpers", None))


PREDICATES = {kind: _predicate(kind) for kind in gate_kinds()}


def helpers(ruled: Iterable[RuleCase]) -> dict[str, Helper]:
    """Return the functions that add the helper columns of these rules, by column name, in the order to apply them."""
    found: dict[str, Helper] = {}
    for case in ruled:
        wanted = PREDICATES[case.rule.kind].helpers
        for name, helper in (wanted(case) if wanted else {}).items():
            found.setdefault(name, helper)
    return found


def cases(contract: model.Contract, scope: RuleScope) -> list[RuleCase]:
    """Return the rules of a contract, each with the tables it may use (`scope`)."""
    return [RuleCase(rule, contract, scope) for rule in contract.rules]
