"""Compare two versions of a contract: what changes, and what that does to existing tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lakehouse.contracts.model import Column, Contract
from lakehouse.contracts.shape import Change, Effect, Shape, changes, former_names, shape_of_values

FACTS = ("source", "provider", "cycle", "sharing", "locality", "block_at", "closings_held_at", "words_for_nothing", "level")
PAPERS = ("layouts", "migrations", "alerts")
OF_VALUES = ("normalise", "format")
OF_COLUMN = ("required", "class_", "grade")
OF_NAMES = ("source_name", "label_zh", "label_en")
AS_DELIVERED = "holds for what is delivered from now on; what stands is not judged again"
OF_RULES = "holds for what is delivered from now on; `huiliu rejudge` judges what stands"


@dataclass(frozen=True)
class Difference:
    """One change: where, what, what that does to existing tables, how to go on where an ingest would stop, and the column it is of.

    `columns` are the columns that say something else because of it.
    """

    where: str
    text: str
    effect: Effect = "nothing"
    fix: str = ""
    columns: tuple[str, ...] = ()

    @property
    def stops(self) -> bool:
        """Return whether the next ingest stops until somebody has done something."""
        return Change(self.where, self.text, self.effect).stops


def differences(old: Contract, new: Contract) -> list[Difference]:
    """Return every change between two versions of a contract, those that stop the next ingest first."""
    before, after = shape_of_values(old), shape_of_values(new)
    found = [*_facts(old, new), *_shapes(before, after, new), *_columns(old, new, before), *_unread(old, new), *_rules(old, new)]
    if found and old.version == new.version:
        fix = "raise the version."
        found.append(Difference("version", f"is still {new.version} although the contract changed", "impossible", fix))
    return sorted(found, key=lambda one: not one.stops)


def _facts(old: Contract, new: Contract) -> Iterator[Difference]:
    if old.code != new.code:
        yield Difference("id", f"{old.code} → {new.code}", "impossible", "declare a new resource.")
    for name, (was, becomes) in {"delivery": (old.delivery, new.delivery), **_of_history(old, new)}.items():
        if was != becomes:
            fix = "declare a new resource: the history of this one hangs on it."
            yield Difference(name, f"{was} → {becomes}", "impossible", fix)
    for name in (*FACTS, *PAPERS):
        if getattr(old, name) != getattr(new, name):
            yield Difference(name, "changed" if name in PAPERS else f"changed: {AS_DELIVERED}")


def _of_history(old: Contract, new: Contract) -> dict[str, tuple[object, object]]:
    """Return what orders and ends versions, old and new; a renamed column is the same one."""
    positions = [one.column(one.position).first_name if one.position else None for one in (old, new)]
    operations = [(one.column(one.operation.column).first_name, *one.operation.delete) if one.operation else None for one in (old, new)]
    return {"position": (positions[0], positions[1]), "operation": (operations[0], operations[1])}


def _shapes(before: Shape, after: Shape, new: Contract) -> Iterator[Difference]:
    for change in changes(before, after, new):
        columns = (change.where,) if change.where in after.types or change.where in before.types else after.key or ()
        yield Difference(change.where, change.text, change.effect, change.fix, columns)


def _columns(old: Contract, new: Contract, before: Shape) -> Iterator[Difference]:
    was = {column.name: column for column in old.kept_columns}
    for name, former in former_names(before, new).items():
        if former in was:
            yield from _column(was[former], new.column(name))


def _column(before: Column, after: Column) -> Iterator[Difference]:
    for name in OF_VALUES:
        was, becomes = getattr(before, name), getattr(after, name)
        if was != becomes and after.key:
            fix = "declare a new resource, or leave it: rows that stand would not be found by their key."
            yield Difference(f"{after.name}.{name}", f"{was} → {becomes}", "impossible", fix, (after.name,))
        elif was != becomes:
            yield Difference(f"{after.name}.{name}", f"{was} → {becomes}: {AS_DELIVERED}", columns=(after.name,))
    for name in (*OF_COLUMN, *OF_NAMES):
        was, becomes = getattr(before, name), getattr(after, name)
        if was != becomes:
            columns = (after.name,) if name in OF_COLUMN else ()
            yield Difference(f"{after.name}.{name.rstrip('_')}", f"{was} → {becomes}", columns=columns)


def _unread(old: Contract, new: Contract) -> Iterator[Difference]:
    """Yield columns that deliveries must now have, although no layout says that those before had none."""
    known = {column.name for column in old.columns} | {name for column in new.columns for name in column.renamed_from}
    if new.source.kind == "jsonl":
        return  # a key that is not there is empty
    for column in new.added_columns:
        if column.name not in known and not any(column.name in layout.absent for layout in new.layouts):
            text = "no layout says that deliveries before had none: landed files cannot be read again, and those that lack it are refused"
            yield Difference(f"{column.name}.layouts", text, columns=(column.name,))


def _rules(old: Contract, new: Contract) -> Iterator[Difference]:
    former = {was: column.name for column in new.kept_columns for was in column.renamed_from}
    before, after = ({_called(rule.id, former): rule for rule in (*one.rules, *one.references)} for one in (old, new))
    for rule_id in sorted(before.keys() | after.keys()):
        if rule_id not in after:
            yield Difference(rule_id, f"the rule is gone: {OF_RULES}")
        elif rule_id not in before:
            text = f"new rule ({after[rule_id].severity}): {OF_RULES}"
            yield Difference(rule_id, text, columns=(after[rule_id].column,))
        elif (before[rule_id].severity, before[rule_id].params) != (after[rule_id].severity, after[rule_id].params):
            yield Difference(rule_id, f"the rule changed: {OF_RULES}", columns=(after[rule_id].column,))


def _called(rule_id: str, former: Mapping[str, str]) -> str:
    """Return the id that a rule has when its column is renamed (`<column>.…`)."""
    column, dot, rest = rule_id.partition(".")
    return f"{former.get(column, column)}{dot}{rest}"
