"""Compare two versions of a contract: what changes, and whether existing tables can take the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.contracts.model import Column, Contract

TABLE_FACTS = ("position", "delivery")
COLUMN_FACTS = ("type", "physical_type", "key", "identity")
OTHER_FACTS = ("source_name", "label_zh", "label_en", "format", "required", "class_", "grade", "normalise")


@dataclass(frozen=True)
class Difference:
    """One change: where, what, and (`additive`) whether existing tables can take it without a migration."""

    where: str
    text: str
    additive: bool


def differences(old: Contract, new: Contract) -> list[Difference]:
    """Return every change between two versions of a contract, those that existing tables cannot take first."""
    found = [*_table(old, new), *_columns(old, new), *_rules(old, new)]
    if found and old.version == new.version:
        found.append(Difference("version", f"is still {new.version} although the contract changed", False))
    return sorted(found, key=lambda difference: difference.additive)


def _table(old: Contract, new: Contract) -> Iterator[Difference]:
    if old.code != new.code:
        yield Difference("id", f"{old.code} → {new.code}", False)
    for name in TABLE_FACTS:
        if getattr(old, name) != getattr(new, name):
            yield Difference(name, f"{getattr(old, name)} → {getattr(new, name)}", False)
    if _keys(old) != _keys(new):
        yield Difference("primary key", f"{', '.join(_keys(old))} → {', '.join(_keys(new))}", False)
    if old.provider != new.provider:
        yield Difference("provider", f"{old.provider} → {new.provider}", True)
    facts = (
        *("source", "cycle", "sharing", "locality", "operation", "block_at", "closings_held_at", "words_for_nothing", "level", "layouts"),
        "alerts",
    )
    for name in facts:
        if getattr(old, name) != getattr(new, name):
            yield Difference(name, "changed", True)


def _columns(old: Contract, new: Contract) -> Iterator[Difference]:
    before = {column.name: column for column in old.kept_columns}
    after = {column.name: column for column in new.kept_columns}
    for name in before.keys() - after.keys():
        yield Difference(name, "the column is gone", False)
    for name in after.keys() - before.keys():
        yield Difference(name, f"new column ({after[name].type})", not after[name].key)
    for name in [name for name in before if name in after]:
        yield from _column(before[name], after[name])


def _column(before: Column, after: Column) -> Iterator[Difference]:
    for name in (*COLUMN_FACTS, *OTHER_FACTS):
        was, becomes = getattr(before, name), getattr(after, name)
        if was != becomes:
            yield Difference(f"{before.name}.{name.rstrip('_')}", f"{was} → {becomes}", name in OTHER_FACTS)


def _rules(old: Contract, new: Contract) -> Iterator[Difference]:
    before, after = ({rule.id: rule for rule in (*one.rules, *one.references)} for one in (old, new))
    for rule_id in sorted(before.keys() | after.keys()):
        if rule_id not in after:
            yield Difference(rule_id, "the rule is gone", True)
        elif rule_id not in before:
            yield Difference(rule_id, f"new rule ({after[rule_id].severity})", True)
        elif (before[rule_id].severity, before[rule_id].params) != (after[rule_id].severity, after[rule_id].params):
            yield Difference(rule_id, "the rule changed", True)


def _keys(contract: Contract) -> list[str]:
    return [column.name for column in contract.key_columns]
