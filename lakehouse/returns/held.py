"""Hold a return to the library it reads: its columns exist there with these types, and none is called less sensitive than it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lakehouse.declarations.libraries import DeclaredLibrary
from lakehouse.declarations.policies import Policies
from lakehouse.declarations.provenance import is_as_strict
from lakehouse.errors import Problem, nearest_first
from lakehouse.returns.model import Return, ReturnColumn

SQL_TYPES: dict[str, str] = {
    "string": "string",
    "date": "date",
    "timestamp": "timestamp",
    "integer": "int|bigint",
    "number": r"int|bigint|decimal\((?:[0-9]|1[0-8]),[0-2]\)",  # what fits into the decimal(18,2) of a payload
    "boolean": "boolean",
}


def library_problems(where: str, declared: Return, libraries: Mapping[str, DeclaredLibrary], policies: Policies) -> Iterator[Problem]:
    """Yield what a return says of its table that is not so."""
    library = libraries.get(declared.source)
    if library is None:
        fix = "name a library of the dbt project."
        yield Problem(f"{where}: source", f"there is no table {declared.source}.", nearest_first(declared.source, list(libraries)), fix)
        return
    for part, name, type_ in _read(declared):
        yield from _existing(f"{where}: {part}", name, type_, library)
    for column in declared.columns:
        yield from _weaker(f"{where}: {column.name}", column, library, policies)


def _read(declared: Return) -> Iterator[tuple[str, str, str]]:
    """Yield every column that is read of the table: the part of the return that names it, its name, and the type it must have."""
    yield "key", declared.key, "string"
    for name, value in declared.filter.items():
        yield "filter", name, "boolean" if isinstance(value, bool) else "string"
    if declared.minors is not None:
        yield "minors.birthDate", declared.minors.birth_date, "date"
        if declared.minors.id_no is not None:
            yield "minors.idNo", declared.minors.id_no, "string"
    for audience in declared.audiences.values():
        yield f"levels.{audience.level}", f"{audience.level}_code", "string"
    for column in declared.columns:
        yield column.name, column.name, column.type


def _existing(where: str, name: str, type_: str, library: DeclaredLibrary) -> Iterator[Problem]:
    column = library.columns.get(name)
    if column is None:
        allowed = nearest_first(name, list(library.columns))
        yield Problem(where, f"{name} is no column of {library.table}.", allowed, "name a column of the table.")
    elif not re.fullmatch(SQL_TYPES[type_], column.type):
        fitting = [name for name, types in SQL_TYPES.items() if re.fullmatch(types, column.type)]
        yield Problem(
            where, f"{name} is read as {type_}, but is {column.type} in {library.table}.", ", ".join(fitting), "correct the type."
        )


def _weaker(where: str, column: ReturnColumn, library: DeclaredLibrary, policies: Policies) -> Iterator[Problem]:
    source = library.columns.get(column.name)
    if source is None:
        return
    if column.class_ in policies.classes and not is_as_strict(column.class_, source.class_, policies):
        stricter = [name for name in policies.classes if is_as_strict(name, source.class_, policies)]
        found = f"class is {column.class_}, which hides less than {source.class_}, its class in {library.table}."
        yield Problem(where, found, nearest_first(source.class_, stricter), "take the class of the library, or a stricter one.")
    if column.grade is not None and column.grade < source.grade:
        yield Problem(where, f"grade is {column.grade}, but {source.grade} in {library.table}.", "", "take the higher grade.")
