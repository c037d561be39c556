"""Hold the columns of libraries to what they come from: a copy is never classed or graded below its source."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path
from typing import NamedTuple, get_args

from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import Authority, EntityAuthority, place_columns, supplied
from lakehouse.declarations.document import Finding
from lakehouse.declarations.libraries import DeclaredColumn, DeclaredLibrary, library_tables, read_libraries
from lakehouse.declarations.policies import STRICTNESS, Condition, Policies
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.naming import LEVELS

GOLDEN, RECORD, REFERENCE, ANY = "golden", "record", "ref", "*"


class Origin(NamedTuple):
    """A column that another one comes from, by its full name, with its class and grade."""

    name: str
    class_: str
    grade: int


Found = tuple[list[Origin] | None, list[str]]


@dataclass(frozen=True)
class Known:
    """What the origins of columns are looked up in.

    `unread` are resources whose contracts are wrong, which is told elsewhere; `tables` are all libraries, also those that cannot be read.
    """

    contracts: Mapping[str, Contract]
    authority: Authority
    policies: Policies
    unread: Set[str] = frozenset()
    libraries: Mapping[str, DeclaredLibrary] = field(default_factory=dict)
    tables: Set[str] = frozenset()


def load_libraries(known: Known, project: Path) -> dict[str, DeclaredLibrary]:
    """Return the libraries by table.

    Raises:
        ContractError: a column does not say what it holds, or says less than what it comes from; all problems of all files at once.
    """
    libraries, wrong = load_sound_libraries(known, project)
    if wrong:
        raise ContractError("\n".join(wrong))
    return libraries


def load_sound_libraries(known: Known, project: Path) -> tuple[dict[str, DeclaredLibrary], list[str]]:
    """Return the libraries with nothing wrong, and the problems of the others: those of each file together, each once."""
    libraries, wrong = read_libraries(project)
    for library in libraries.values():
        _set_aside_unknown_classes(library, known.policies)
    known = replace(known, libraries=libraries, tables=library_tables(project))
    found = {table: [*library.findings, *_findings(library, known)] for table, library in libraries.items()}
    told: dict[str, list[Problem]] = {}
    for table, findings in found.items():
        document = libraries[table].document
        told.setdefault(document.name, []).extend(document.problems(findings))
    wrong += [problems_text(_each_once(problems)) for problems in told.values() if problems]
    wrong += [problem.text() for problem in _without_library(known)]
    circle = _circle(libraries)
    if circle:
        wrong.append(Problem(circle[0], "comes from itself.", "", f"break the circle {' ← '.join(circle)}.").text())
    return {table: library for table, library in libraries.items() if not found[table]}, wrong


def is_as_strict(class_: str, other: str, policies: Policies) -> bool:
    """Return whether a class is the other one, or hides at least as much at every level and more at one: two that hide alike differ."""
    if class_ == other:
        return True
    own, others = _hidden(class_, policies), _hidden(other, policies)
    return own != others and all(mine >= theirs for mine, theirs in zip(own, others, strict=True))


def strictest(classes: Collection[str], policies: Policies) -> str:
    """Return the class that hides most; of two that hide as much, the one that stands first in policies.yaml."""
    order: list[str] = list(policies.classes)
    return max(classes, key=lambda class_: (sum(_hidden(class_, policies)), -order.index(class_)))


def _hidden(class_: str, policies: Policies) -> list[int]:
    conditions = (None, *get_args(Condition))
    return [STRICTNESS[policies.transform(class_, level, fulfils)] for level in LEVELS for fulfils in conditions]


def _set_aside_unknown_classes(library: DeclaredLibrary, policies: Policies) -> None:
    classes: list[str] = list(policies.classes)
    for column in [column for column in library.columns.values() if column.class_ not in classes]:
        place = (*library.places[column.name], "config", "meta", "class")
        library.findings.append(Finding(place, f"{column.class_!r} is not allowed.", nearest_first(column.class_, classes)))
        del library.columns[column.name]


def _findings(library: DeclaredLibrary, known: Known) -> Iterator[Finding]:
    for name, column in library.columns.items():
        steps = (*library.places[name], "config", "meta")
        origins: list[Origin] = []
        for number, source in enumerate(column.provenance.from_):
            held, allowed = origins_of(source, known)
            origins += held or []
            if held is None:
                yield Finding((*steps, "from", number), f"there is no column {source!r}.", nearest_first(source.split(".")[-1], allowed))
        for finding in _weaker(column, origins, known.policies):
            yield Finding((*steps, *finding.steps), finding.found, finding.allowed, finding.fix)


def _weaker(column: DeclaredColumn, origins: list[Origin], policies: Policies) -> Iterator[Finding]:
    if not origins:
        return
    said, highest = column.provenance, max(origin.grade for origin in origins)
    if said.is_copied:
        classes = {origin.class_ for origin in origins}
        due = strictest(classes, policies)
        if column.class_ != due and not all(is_as_strict(column.class_, class_, policies) for class_ in classes):
            yield Finding(
                ("class",), f"is {column.class_}, but {due} is what it comes from as {said.as_}.", due, "take the stricter class."
            )
        if column.grade < highest:
            yield Finding(("grade",), f"is {column.grade}, but {highest} where it comes from.", str(highest), "take the highest grade.")
        return
    floor = min(highest, policies.grade_after.get(said.as_, 1))  # type: ignore[arg-type]
    if column.grade < floor:
        found = f"is {column.grade}, but a {said.as_} of grade {highest} keeps {floor} (policies.yaml: gradeAfter)."
        yield Finding(("gradeAfter",), found, str(floor), "raise it.")


def origins_of(name: str, known: Known) -> Found:
    """Return the columns that a name in `from` stands for; None if there is no such column, with the names that exist there."""
    head, *rest = name.split(".")
    if len(rest) == 1:
        return _of_resource(head, rest[0], known)
    if len(rest) != len(("table", "column")):
        return None, [*known.contracts, *known.libraries]
    if head == REFERENCE:
        return [
            Origin(name, known.policies.roles.public, 1)
        ], []  # what everybody may know: names of regions and departments, labels of codes
    curated = {GOLDEN: _of_entity, RECORD: _of_record}
    return curated[head](rest[0], rest[1], known) if head in curated else _of_library(f"{head}.{rest[0]}", rest[1], known)


def _of_library(table: str, name: str, known: Known) -> Found:
    library = known.libraries.get(table)
    if library is None:
        return ([], []) if table in known.tables else (None, sorted(known.tables))
    if name not in library.places:
        return None, list(library.places)
    column = library.columns.get(name)
    return [
        Origin(f"{table}.{name}", column.class_, column.grade)
    ] if column else [], []  # what is wrong with that column is told where it stands


def _of_resource(code: str, name: str, known: Known) -> Found:
    if code in known.unread:
        return [], []
    contract = known.contracts.get(code)
    if contract is None:
        return None, list(known.contracts)
    held = _of_columns(contract, [name])
    return held or None, [column.name for column in contract.kept_columns]


def _of_entity(kind: str, name: str, known: Known) -> Found:
    entities = known.authority.entities
    if (kind, name) == (ANY, ANY):
        every = (_of_golden(field, entity, known.contracts) for entity in entities.values() for field in (entity.id, *entity.fields))
        return [*chain.from_iterable(every)], []
    if kind not in entities:
        return None, list(entities)
    named = [entities[kind].id, *entities[kind].fields]
    return (_of_golden(name, entities[kind], known.contracts) if name in named else None), named


def _of_golden(name: str, entity: EntityAuthority, contracts: Mapping[str, Contract]) -> list[Origin]:
    if name in entity.fields:
        return list(_of_field(name, entity, contracts))
    defining = (contracts.get(one.resource) for one in entity.defined_by)
    return [origin for contract in defining if contract for origin in _of_columns(contract, [name])]


def _of_field(name: str, entity: EntityAuthority, contracts: Mapping[str, Contract]) -> Iterator[Origin]:
    declared = entity.fields[name]
    for candidate in declared.candidates:
        contract = contracts.get(candidate.resource)
        if contract is not None:
            is_place = declared.kind == "place"
            columns = place_columns(candidate, contract) if is_place else supplied(name, declared, candidate)
            yield from _of_columns(contract, [*chain(*columns.values())] or list(candidate.when))


def _of_record(kind: str, name: str, known: Known) -> Found:
    records = known.authority.records.get(kind)
    if records is None:
        return None, list(known.authority.records)
    if name not in records.columns:
        return None, list(records.columns)
    supplying = ((known.contracts.get(one.resource), one.columns.get(name, name)) for one in records.suppliers)
    return [origin for contract, column in supplying if contract for origin in _of_columns(contract, [column])], []


def _of_columns(contract: Contract, names: Collection[str]) -> list[Origin]:
    """Return these columns; a pseudonym is as sensitive as the number it is made from."""
    named = (column for column in contract.kept_columns if column.name in names or column.identity in names)
    return [Origin(f"{contract.code}.{column.name}", column.class_, column.grade) for column in named]


def _without_library(known: Known) -> Iterator[Problem]:
    """Yield the entities whose library does not exist, or lacks the column that identifies them."""
    for name, entity in known.authority.entities.items():
        table = known.authority.library_of(name)
        library = known.libraries.get(table)
        if table not in known.tables:
            fix = "write its dbt model in models/base, and describe it in a schema file (*.yml) beside it."
            yield Problem(f"authority.yaml: {name}", f"there is no library {table}.", nearest_first(table, sorted(known.tables)), fix)
        elif library is not None and entity.id not in library.places:
            yield Problem(
                f"authority.yaml: {name}.id", f"{entity.id} is no column of {table}.", nearest_first(entity.id, list(library.places))
            )


def _circle(libraries: Mapping[str, DeclaredLibrary]) -> list[str]:
    """Return columns of libraries that come from one another in a circle; empty if there are none."""
    graph = {
        f"{table}.{name}": [source for source in column.provenance.from_ if source.rsplit(".", 1)[0] in libraries]
        for table, library in libraries.items()
        for name, column in library.columns.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _each_once(problems: list[Problem]) -> list[Problem]:
    """Return the problems without those that a shared description (a YAML anchor) repeats for every table."""
    first = {(problem.where.split(": ")[0], problem.where.rsplit(".", 1)[-1], problem.found): problem for problem in reversed(problems)}
    return sorted(first.values(), key=problems.index)
