"""What the tables of a resource hold, and what becomes of it when the contract changes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from lakehouse.contracts.model import Column, Contract

Effect = Literal["nothing", "added", "rewrite", "migration", "impossible"]
TEXT = "string"
DEFAULT_NUMBER = "decimal(38,10)"
WHOLE_DIGITS = {"int": 10, "bigint": 19}
EXACT_IN_DOUBLE = 15
DECIMAL = re.compile(r"decimal\(\s*([0-9]+)\s*(?:,\s*([0-9]+)\s*)?\)")


@dataclass(frozen=True)
class Change:
    """What a change of a column (or of the key) does to existing tables.

    Attributes:
        where: the column, or `primary key`.
        text: what changes, and what happens because of it.
        effect: nothing; a column is added by the next ingest; the table is rewritten by `huiliu contracts migrate`; that too, but by a
            named migration of the contract; impossible.
        fix: what can be done where the next ingest would stop.
        was: the name of the column in the table, where it has another one.
    """

    where: str
    text: str
    effect: Effect
    fix: str = ""
    was: str = ""

    @property
    def stops(self) -> bool:
        """Return whether an ingest stops until somebody has done something."""
        return self.effect not in ("nothing", "added")

    @property
    def can_be_applied(self) -> bool:
        """Return whether `huiliu contracts migrate` can do it."""
        return self.effect in ("rewrite", "migration") and not self.fix


@dataclass(frozen=True)
class Shape:
    """The columns of a table of a resource, besides the technical ones.

    Attributes:
        types: column → type in the table; pseudonyms of persons too.
        first: the columns that were there from the beginning, in order: row hashes know them by their place. None where that is not known.
        key: the key columns in order; None where that is not known.
        made_from: pseudonym → the column it is made from.
        position: the column that orders rows in time.
    """

    types: Mapping[str, str]
    first: tuple[str, ...] | None = None
    key: tuple[str, ...] | None = None
    made_from: Mapping[str, str] = field(default_factory=dict)
    position: str | None = None


def stored_type(column: Column) -> str:
    """Return the type of a column in silver, as Spark writes it."""
    if column.type == "integer":
        return "int" if column.physical_type in ("int", "integer") else "bigint"
    if column.type != "number":
        return column.type
    found = DECIMAL.fullmatch((column.physical_type or DEFAULT_NUMBER).lower())
    return f"decimal({found[1]},{found[2] or 0})" if found else "double"


def shape_of_values(contract: Contract) -> Shape:
    """Return the shape of a resource's silver table."""
    made_from = {column.identity: column.name for column in contract.identity_columns if column.identity}
    types = {column.name: stored_type(column) for column in contract.kept_columns} | dict.fromkeys(made_from, TEXT)
    return replace(shape_of_texts(contract), types=types, made_from=made_from)


def shape_of_texts(contract: Contract) -> Shape:
    """Return the shape of a resource's bronze table: every column is text."""
    return Shape(
        types={column.name: TEXT for column in contract.kept_columns},
        first=tuple(column.name for column in contract.first_columns),
        key=tuple(column.name for column in contract.key_columns),
        position=contract.position,
    )


def changes(old: Shape, new: Shape, contract: Contract) -> Iterator[Change]:
    """Yield what must happen so that a table of one shape gets another one, which the contract asks for."""
    was = former_names(old, contract)
    for name in new.types:
        if name not in was:
            yield _new(name, new, contract, was)
        else:
            yield from _column(name, was[name], (old, new), contract)
    for name in old.types.keys() - set(was.values()):
        fix = "leave it in the contract, optional, and name it under `absent` of the layouts that lack it."
        yield Change(name, "the column is gone: hashes of rows hold its place, so what stands could not be told again.", "impossible", fix)
    if old.first is not None and new.first is not None:
        yield from _places(old.first, [was[name] for name in new.first if name in was], set(was.values()))
    yield from _key(old, new, contract, was)


def former_names(old: Shape, contract: Contract) -> dict[str, str]:
    """Return column (or pseudonym) of the contract → its name in the table, for those it has."""
    found = {column.name: _former(column, old) for column in contract.kept_columns}
    pseudonyms = {name: name for name in (column.identity for column in contract.identity_columns) if name and name in old.types}
    return {name: there for name, there in found.items() if there} | pseudonyms


def is_lossless(was: str, becomes: str) -> bool:
    """Return whether every value of one type is also a value of another; text holds all, because bronze has what was sent."""
    if becomes == TEXT:
        return True
    digits = _digits(was)
    if digits is None:
        return False
    whole, places = digits
    if becomes in WHOLE_DIGITS:
        return places == 0 and was in WHOLE_DIGITS and WHOLE_DIGITS[was] <= WHOLE_DIGITS[becomes]
    if becomes == "double":
        return whole + places <= EXACT_IN_DOUBLE
    wider = _digits(becomes)
    return wider is not None and whole <= wider[0] and places <= wider[1]


def _digits(type_: str) -> tuple[int, int] | None:
    """Return how many digits a number has before and after the point; None for what is no number, or one without such a limit."""
    if type_ in WHOLE_DIGITS:
        return WHOLE_DIGITS[type_], 0
    found = DECIMAL.fullmatch(type_)
    return (int(found[1]) - int(found[2] or 0), int(found[2] or 0)) if found else None


def _former(column: Column, old: Shape) -> str | None:
    return next((name for name in (column.name, *reversed(column.renamed_from)) if name in old.types), None)


def _new(name: str, new: Shape, contract: Contract, was: Mapping[str, str]) -> Change:
    text = f"new column ({new.types[name]})"
    if name in new.made_from:
        if new.made_from[name] in was:
            fix = f"add a new column for the number, with {name} as its identity."
            return Change(name, f"{text}: a pseudonym of a column whose rows stand without it.", "impossible", fix)
        return Change(name, f"{text}: added by the next ingest.", "added")
    if contract.column(name).added is None:
        fix = f"add {{property: added, value: {contract.version}}} to its customProperties."
        return Change(name, f"{text}, not marked as added: every row would get another hash and count as new.", "impossible", fix)
    return Change(name, f"{text}: added by the next ingest; empty in what stands, whose hashes stay.", "added")


def _column(name: str, was: str, shapes: tuple[Shape, Shape], contract: Contract) -> Iterator[Change]:
    before, after = shapes[0].types[was], shapes[1].types[name]
    if was != name:
        yield Change(name, f"{was} is renamed to {name}: the table is rewritten.", "rewrite", was=was)
    if before == after:
        return
    text = f"{before} → {after}"
    if name == contract.position:
        fix = "declare a new resource, or leave the type."
        yield Change(name, f"{text}: the order of rows in time hangs on it.", "impossible", fix)
    elif is_lossless(before, after):
        yield Change(name, f"{text} holds every value: the table is rewritten.", "rewrite", was=was)
    else:
        yield _named(Change(name, f"{text} may not hold every value", "migration", was=was), contract.migration_of(name), "columns", name)


def _named(change: Change, migration: str | None, key: str, value: str) -> Change:
    if migration:
        return replace(change, text=f"{change.text}: migration {migration!r}.")
    fix = f"name it: {{property: migrations, value: [{{name: …, {key}: [{value}]}}]}}."
    return replace(change, text=f"{change.text}, and no migration of the contract names it.", fix=fix)


def _places(before: tuple[str, ...], after: list[str], there: Collection[str]) -> Iterator[Change]:
    for name in (one for one in after if one not in before):
        yield Change(name, "was added later, which is no longer said: hashes know it by its name.", "impossible", "put `added` back.")
    for name in (one for one in before if one in there and one not in after):
        yield Change(name, "is marked as added, but was there before: hashes know it by its place.", "impossible", "remove `added`.")
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Change("columns", "they stand in another order: hashes know them by their place.", "impossible", "put them back in order.")


def _key(old: Shape, new: Shape, contract: Contract, was: Mapping[str, str]) -> Iterator[Change]:
    if old.key is None or new.key is None or old.key == tuple(was.get(name, name) for name in new.key):
        return
    change = Change("primary key", f"{', '.join(old.key)} → {', '.join(new.key)}: every row gets its key anew", "migration")
    if contract.delivery == "snapshot":
        fix = "declare a new resource."
        yield replace(change, text=f"{change.text}, and what the snapshots closed cannot be told again.", effect="impossible", fix=fix)
    elif missing := [name for name in new.key if name not in was]:
        fix = "make the key of columns that every row has."
        yield replace(change, text=f"{change.text}, but rows that stand have no {', '.join(missing)}.", effect="impossible", fix=fix)
    else:
        yield _named(change, contract.migration_of_key(), "key", ", ".join(new.key))
