"""Check that the parts of a contract fit together; each part by itself is well formed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lakehouse.contracts import layouts
from lakehouse.contracts.columns import Table
from lakehouse.contracts.cycle import WHOLE_DAYS
from lakehouse.contracts.laid_out import unreadable
from lakehouse.contracts.model import Column, Grade
from lakehouse.contracts.neighbours import Neighbours
from lakehouse.contracts.properties import REQUIRED_PROPERTIES
from lakehouse.contracts.sources import misfits
from lakehouse.declarations.document import Document, Finding, Step
from lakehouse.errors import nearest_first
from lakehouse.rules.registry import kinds
from lakehouse.rules.vocabulary import Parameters, RuleKind

NOT_SHARED = 3
NAMED_LAW = re.compile("《[^《》]+》第.+条")
GRADES = ", ".join(str(grade) for grade in Grade.__args__)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Draft:
    """What could be read of a document: typed properties, the table, and what the contract may name of the declarations beside it."""

    document: Document
    properties: dict[str, Any]
    table: Table
    beside: Neighbours

    def steps(self, name: str) -> tuple[Step, ...]:
        """Return the steps to the value of a custom property; to the list of properties when it is missing."""
        items = self.document.content.get("customProperties")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and item.get("property") == name:
                return ("customProperties", index, "value")
        return ("customProperties",)

    def has(self, name: str) -> bool:
        """Return whether a custom property is in the file, well formed or not."""
        return self.steps(name) != ("customProperties",)


def findings(draft: Draft) -> Iterator[Finding]:
    """Yield what does not fit together, from all checks."""
    for check in CHECKS:
        yield from check(draft)


def _head(draft: Draft) -> Iterator[Finding]:
    content, path = draft.document.content, draft.document.path
    code = path.name.removesuffix(".odcs.yaml")
    if content.get("id") != code:
        yield Finding(("id",), f"is {content.get('id')!r}, but the file is {path.name}.", "", "give both the resource's code.")
    if not isinstance(content.get("name"), str):
        yield Finding(("name",), "is missing.", "", "give the resource its Chinese name.")
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", str(content.get("version"))):
        yield Finding(("version",), "is no version.", "major.minor.patch", "begin with 1.0.0.")
    purpose = content["description"].get("purpose") if isinstance(content.get("description"), dict) else None
    if not isinstance(purpose, str):
        yield Finding(("description",), "purpose is missing.", "", "say what the resource is for.")
    schemas = content.get("schema")
    if isinstance(schemas, list) and schemas and isinstance(schemas[0], dict) and schemas[0].get("name") != content.get("id"):
        yield Finding(("schema", 0, "name"), "is not the id of the contract.", str(content.get("id")), "give both the same name.")
    for name in REQUIRED_PROPERTIES:
        if not draft.has(name):
            yield Finding(("customProperties",), f"the property {name} is missing.", "", f"add {{property: {name}, value: …}}.")
    level = draft.properties.get("level")
    if level and path.parent.name != level:
        yield Finding(
            draft.steps("level"), f"is {level}, but the file lies in {path.parent.name}/.", level, "move the file, or correct the level."
        )


def _referred_columns(draft: Draft) -> Iterator[Finding]:
    values = draft.properties
    named: list[tuple[str, tuple[Step, ...]]] = []
    if values.get("position"):
        named.append((values["position"], draft.steps("position")))
    if values.get("operation"):
        named.append((values["operation"].column, (*draft.steps("operation"), "column")))
    if values.get("locality"):
        given = values["locality"].model_dump(by_alias=True, exclude_none=True)
        named += [(column, (*draft.steps("locality"), key)) for key, column in given.items()]
    for rule, steps in draft.table.rules:
        kind = kinds()[rule.kind]
        parameters = kind.parameters.model_validate(rule.params)
        named += [(name, (*steps, "implementation", key)) for key, name in kind.references(parameters, "column").items()]
    for name, steps in named:
        yield from _column_exists(draft, name, steps)


def _column_exists(draft: Draft, name: str, steps: tuple[Step, ...]) -> Iterator[Finding]:
    column = draft.table.columns.get(name)
    if draft.table.names and name not in draft.table.names:
        yield Finding(steps, f"there is no column {name!r}.", nearest_first(name, draft.table.names), "name a column of this contract.")
    elif column and column.dropped:
        yield Finding(steps, f"the column {name!r} is dropped at landing.", "", "name a column that is kept.")


def _source(draft: Draft) -> Iterator[Finding]:
    source, provider = draft.properties.get("source"), draft.properties.get("provider")
    if source is None:
        return
    columns = draft.table.columns.values()
    names = {column.source_name: column for column in columns} if len(columns) == len(draft.table.names) else None
    for misfit in misfits(source, provider, names):
        yield Finding((*draft.steps("source"), misfit.key), misfit.found, misfit.allowed, misfit.fix)
    if provider and provider.kind is not None and not re.fullmatch(r"[a-z][a-z_]*", provider.kind):
        found = f"{provider.kind!r} is no kind of department."
        yield Finding((*draft.steps("provider"), "kind"), found, "a kind of departments.csv, e.g. civil_affairs", "correct it.")


def _layouts(draft: Draft) -> Iterator[Finding]:
    declared, source, columns = draft.properties.get("layouts", ()), draft.properties.get("source"), draft.table.columns
    if not declared or len(columns) != len(draft.table.names):
        return
    spelled = {column.name: column.source_name for column in columns.values()}
    for finding in layouts.findings(declared, spelled, _needed(draft)):
        yield replace(finding, steps=(*draft.steps("layouts"), *finding.steps))
    for place, layout in enumerate(declared if source else ()):
        for misfit in unreadable(layout, source, draft.properties.get("provider")):
            steps = (*draft.steps("layouts"), place, misfit.key)
            yield Finding(steps, f"{layout.name}: {misfit.found}", misfit.allowed, misfit.fix)


def _needed(draft: Draft) -> dict[str, str]:
    """Return the columns that no delivery can do without, each with the reason."""
    operation = draft.properties.get("operation")
    needed = {name: "required" for name, column in draft.table.columns.items() if column.required}
    needed |= {name: "part of the key" for name, column in draft.table.columns.items() if column.key}
    needed |= {draft.properties["position"]: "the position"} if draft.properties.get("position") else {}
    return needed | ({operation.column: "the operation"} if operation else {})


def _history(draft: Draft) -> Iterator[Finding]:
    """Yield what is wrong with what the contract says of its earlier versions: added and renamed columns, migrations."""
    table, version = draft.table, _number(draft.document.content.get("version"))
    needed = _needed(draft)
    for name, column in table.columns.items():
        if column.added and name in needed:
            found = f"was added, but is {needed[name]}: earlier rows have none."
            yield Finding(table.places[name], found, "", "make it optional, or declare a new resource.")
        if column.added and version and _number(column.added) > version:
            yield Finding(table.places[name], f"was added by {column.added}, but the contract is older.", "", "raise the version.")
        for former in column.renamed_from:
            others = [one for one, other in table.columns.items() if one != name and (one == former or former in other.renamed_from)]
            if former == name or others:
                yield Finding(table.places[name], f"renamedFrom names {former!r}, which is or was another column.", "", "correct it.")
    for place, migration in enumerate(draft.properties.get("migrations", ())):
        for key, columns in (("columns", migration.columns), ("key", migration.key)):
            for name in columns:
                yield from _column_exists(draft, name, (*draft.steps("migrations"), place, key))


def _number(version: object) -> tuple[int, ...]:
    return tuple(map(int, str(version).split("."))) if re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", str(version)) else ()


def _cycle(draft: Draft) -> Iterator[Finding]:
    cycle = draft.properties.get("cycle")
    if cycle and cycle.rule.is_within_day:
        found = f"is {cycle.every}, but no kind of source delivers more than once a day yet."
        yield Finding((*draft.steps("cycle"), "every"), found, ", ".join(WHOLE_DAYS), "declare how often a whole delivery comes.")


def _keys(draft: Draft) -> Iterator[Finding]:
    table = draft.table
    keys = [column for column in table.columns.values() if column.key]
    if not keys and 0 < len(table.columns) == len(table.names):
        yield Finding(("schema",), "no column is a primary key.", "", "mark the key with `primaryKey: true`.")
    for column in keys:
        if not column.required:
            yield Finding(table.places[column.name], "is a key but not required.", "", "add `required: true`.")
        if column.dropped:
            yield Finding(table.places[column.name], "is a key but dropped at landing.", "", "keep it, or choose another key.")
    positions = [(table.key_positions[column.name], column.name) for column in keys if column.name in table.key_positions]
    if positions != sorted(positions):
        yield Finding(
            table.places[positions[0][1]],
            "primaryKeyPosition does not follow the order of the columns.",
            "",
            "number the keys from top down.",
        )
    position = table.columns.get(draft.properties.get("position") or "")
    if position and position.type not in ("date", "timestamp"):
        yield Finding(draft.steps("position"), f"the column {position.name!r} is a {position.type}.", "date, timestamp", "order by a time.")
    if draft.properties.get("delivery") == "snapshot" and draft.properties.get("position"):
        found = "is given, but all rows of a snapshot have its business date as their position."
        yield Finding(draft.steps("position"), found, "", "leave it out, or declare the deliveries as increments.")
    if draft.properties.get("delivery") in ("increment", "event") and draft.properties.get("closingsHeldAt"):
        yield Finding(draft.steps("closingsHeldAt"), "is given, but only snapshots close keys.", "", "leave it out.")


def _classes(draft: Draft) -> Iterator[Finding]:
    table = draft.table
    for name, column in table.columns.items():
        steps = table.places[name]
        yield from _unclassified(draft, column, steps)
        yield from _identity(draft, column, steps)
        if "open_ended" in column.normalise and column.type != "date":
            yield Finding(steps, f"is a {column.type} and cannot be open-ended.", "date", "remove open_ended from its normalisation.")
        if "round" in column.normalise and not column.decimals:
            yield Finding(steps, "has no decimals to round to.", "a number of type decimal(p,s)", "remove round from its normalisation.")
        if column.identity in table.names:
            yield Finding(steps, f"the identity {column.identity!r} is also a column.", "", "choose another name.")
    sharing = draft.properties.get("sharing")
    highest = max((column.grade for column in table.columns.values()), default=1)
    if sharing and sharing.grade < highest:
        yield Finding(
            (*draft.steps("sharing"), "grade"),
            f"is {sharing.grade}, but a column is of grade {highest}.",
            str(highest),
            "the highest grade counts.",
        )


def _sharing(draft: Draft) -> Iterator[Finding]:
    """Yield a resource that is kept from everybody without a law that says so: sharing is the rule (State Council Decree 809)."""
    sharing = draft.properties.get("sharing")
    if sharing and sharing.attribute == NOT_SHARED and not NAMED_LAW.search(sharing.legal_basis or ""):
        found = f"is {NOT_SHARED} (不予共享), but legalBasis names no law and article that forbid sharing."
        allowed = "attribute 1 or 2, or 3 with a legalBasis such as 《law》第…条"
        yield Finding((*draft.steps("sharing"), "attribute"), found, allowed, "name the law and its article, or share the resource.")


def _identity(draft: Draft, column: Column, steps: tuple[Step, ...]) -> Iterator[Finding]:
    """Yield what is wrong with a number that identifies a person, or with a pseudonym that is made of something else."""
    class_ = draft.beside.identity_class
    if class_ is None:
        return
    if column.class_ == class_ and column.name in draft.table.graded and column.grade < 3:
        yield Finding(steps, f"is an identity number of grade {column.grade}.", "3, 4", "grade it as a personal identifier.")
    if column.identity and (column.class_ != class_ or "resident_id_18" not in column.normalise):
        fix = f"class {class_}, normalise [trim, half_width, upper, resident_id_18]."
        yield Finding(steps, "gives an identity but is not a normalised identity number.", "", fix)


def _unclassified(draft: Draft, column: Column, steps: tuple[Step, ...]) -> Iterator[Finding]:
    """Yield what is missing of a column's class and grade: without both nobody knows who may see it, so it is not taken."""
    table, classes = draft.table, draft.beside.classes
    graded = column.name in table.graded
    if column.name not in table.classed:
        said = f"grade is {column.grade} but class" if graded else "class"
        fix = "add {property: class, value: …} under customProperties, or drop the column at landing."
        yield Finding(steps, f"{said} is missing, so no policy can be found for it.", ", ".join(classes or ()), fix)
    elif column.class_ and classes is not None and column.class_ not in classes:
        place, allowed = table.classed[column.name], nearest_first(column.class_, list(classes))
        yield Finding(place, f"the class {column.class_!r} is not in policies.yaml.", allowed, "correct it, or declare the class there.")
    if not graded:
        yield Finding(steps, "grade is missing, so no cap can hold it back.", GRADES, "add {property: grade, value: …}.")


def _names(draft: Draft) -> Iterator[Finding]:
    table = draft.table
    seen: dict[str, str] = {}
    for name, column in table.columns.items():
        if column.source_name in seen:
            yield Finding(
                table.places[name], f"has the physicalName of {seen[column.source_name]}.", "", "each source column is read once."
            )
        seen.setdefault(column.source_name, name)


def _rules(draft: Draft) -> Iterator[Finding]:
    seen: set[str] = set()
    for rule, steps in draft.table.rules:
        if rule.id in seen:
            yield Finding(steps, f"there are two rules {rule.id!r}.", "", "give one of them another `ruleId`.")
        seen.add(rule.id)
        if draft.table.columns[rule.column].dropped:
            yield Finding(steps, "is a rule on a column that is dropped at landing.", "", "remove it.")
        kind, column = kinds()[rule.kind], draft.table.columns[rule.column]
        parameters = kind.parameters.model_validate(rule.params)
        if kind.types and column.type not in kind.types:
            yield Finding(steps, f"the rule {rule.kind} cannot judge a {column.type}.", ", ".join(kind.types), "choose another rule.")
        elif kind.misfit and (fault := kind.misfit(column.type, parameters)):
            yield Finding((*steps, "implementation"), f"{fault}.")
        for found in _names_in(draft, column, kind, parameters):
            yield Finding((*steps, "implementation", *found.steps), found.found, found.allowed, found.fix)


def _names_in(draft: Draft, column: Column, kind: RuleKind, parameters: Parameters) -> Iterator[Finding]:
    """Yield the parameters of a rule that name a column of another type, or a code table or entity that is not declared."""
    for key, name in kind.columns_alike(parameters).items():
        other = draft.table.columns.get(name)
        if other and other.type != column.type:
            yield Finding((key,), f"{name} is a {other.type}, {column.name} is a {column.type}.", column.type)
    tables, entities = draft.beside.code_tables, draft.beside.entities
    for key, name in kind.references(parameters, "table").items():
        if name not in tables:
            yield Finding((key,), f"there is no code table {name!r}.", nearest_first(name, tables), "add contracts/codes/<table>.csv.")
    for key, name in kind.references(parameters, "entity").items():
        if entities is not None and name not in entities:
            yield Finding((key,), f"there is no entity {name!r}.", nearest_first(name, list(entities)), "declare it in authority.yaml.")


CHECKS: tuple[Callable[[Draft], Iterator[Finding]], ...] = (
    _head,
    _referred_columns,
    _source,
    _layouts,
    _history,
    _cycle,
    _keys,
    _classes,
    _sharing,
    _names,
    _rules,
)
