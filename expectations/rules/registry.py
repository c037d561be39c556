"""Registry of the plain Python implementations, one for each kind of rule the gate judges; and the rules that rows break by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from expectations.rules.check import Check, Ground, Native, Row
from lakehouse.contracts.model import Contract
from lakehouse.rules.registry import gate_kinds


@dataclass(frozen=True)
class Second:
    """The plain Python implementation of one kind of rule, and its native expectation if there is one."""

    breaks: Callable[[Check, Row], bool]
    observe: Callable[[Check, Sequence[Row]], Any] | None
    native: Callable[[Check], Native | None] | None


def _second(kind: str) -> Second:
    module = import_module(f"expectations.rules.{kind}")
    return Second(module.breaks, getattr(module, "observe", None), getattr(module, "native", None))


SECONDS = {kind: _second(kind) for kind in gate_kinds()}


def checks(contract: Contract, ground: Ground) -> list[Check]:
    """Return the rules of a contract, each with the tables it may use."""
    return [Check(rule, contract, ground) for rule in contract.rules]


def broken(contract: Contract, ground: Ground, rows: Sequence[Row]) -> list[list[str]]:
    """Return for each row the sorted ids of the rules it breaks; the rows must be whole batches without rejects."""
    observed = [observe(check, rows) for check in checks(contract, ground)]
    return [sorted(check.rule.id for check in observed if SECONDS[check.rule.kind].breaks(check, row)) for row in rows]


def observe(check: Check, rows: Sequence[Row]) -> Check:
    """Return the check with `seen` filled, where its kind of rule looks at the whole batch."""
    look = SECONDS[check.rule.kind].observe
    return replace(check, seen=look(check, rows)) if look else check
