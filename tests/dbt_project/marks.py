"""Find marks again (see `planting`): under which columns of libraries and payloads they are, and what is wrong with that.

A library's column may show what it declares to come from (`from`, followed to the sources). A payload's column may show what its library
declares, if its class is no weaker than the class of the source, and only to recipients to whom policies.yaml shows that class whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pyarrow.parquet as pq
from deltalake import DeltaTable

from lakehouse.contracts.model import Contract
from lakehouse.declarations.provenance import Known, origins_of, strictest
from lakehouse.naming import recipient_prefix
from lakehouse.returns.compiler import ColumnPlan, Plan
from lakehouse.returns.model import Return

TELLS_LESS = ("flag", "band", "count")
Sources = Mapping[str, set[str]]
Shown = Mapping[Any, set[str]]  # column -> the marks that are seen under it


class Place(NamedTuple):
    """A column of a recipient's payload; outside of the lists (a cover) there is no return, and the column is the sheet."""

    recipient: str
    audience: str
    return_id: str
    column: str


@dataclass(frozen=True)
class Declared:
    """What is declared: `columns` of payloads by return, audience and name; `known` has the libraries."""

    known: Known
    returns: Mapping[str, Return]
    columns: Mapping[tuple[str, str, str], ColumnPlan]

    @classmethod
    def of(cls, known: Known, returns: Iterable[Return], plans: Iterable[Plan]) -> Declared:
        """Return what these libraries, returns and plans declare."""
        columns = {(plan.return_id, plan.audience.name, column.name): column for plan in plans for column in plan.columns}
        return cls(known, {one.id: one for one in returns}, columns)

    def sources(self, name: str, *, only_copied: bool = False) -> set[str]:
        """Return the source columns that a library's column (`schema.table.column`) comes from, through other libraries as well.

        Args:
            name: the column; one that no library declares comes from nothing, one of a source is its own source.
            only_copied: follow only values that are taken as they are (raw and code).
        """
        table, _, column = name.rpartition(".")
        if table in self.known.contracts or table.startswith("ref."):
            return {name}
        library = self.known.libraries.get(table)
        if library is None or column not in library.columns:
            return set()
        said = library.columns[column].provenance
        if only_copied and not said.is_copied:
            return set()
        direct = {origin.name for one in said.from_ for origin in origins_of(one, self.known)[0] or ()}
        return set().union(*(self.sources(one, only_copied=only_copied) for one in direct))

    def copied(self) -> dict[str, set[str]]:
        """Return the source columns that are not plain and that each library column takes as they are; only columns with any."""
        names = [f"{table}.{column}" for table, library in self.known.libraries.items() for column in library.columns]
        found = {name: {one for one in self.sources(name, only_copied=True) if self.class_of(one) != "plain"} for name in names}
        return {name: sources for name, sources in found.items() if sources}

    def class_of(self, source: str) -> str:
        """Return the class of a source column (`resource.column`); reference data are plain."""
        resource, _, column = source.rpartition(".")
        contract: Contract | None = self.known.contracts.get(resource)
        return contract.column(column).class_ if contract else "plain"


def library_problems(shown: Shown, planted: Sources, declared: Declared) -> list[str]:
    """Return what is wrong with the marks under columns of libraries (`schema.table.column`)."""
    found = set()
    for name, marks in shown.items():
        table, _, column = name.rpartition(".")
        library = declared.known.libraries.get(table)
        how = library.columns[column].provenance.as_ if library and column in library.columns else "other"
        allowed = declared.sources(name)
        for sources in _planted_in(marks, planted):
            if not sources & allowed:
                found.add(f"{name} shows {_told(sources)}, which it does not declare.")
            elif how in TELLS_LESS:
                found.add(f"{name} shows {_told(sources)} itself, though it is declared as a {how}.")
    return sorted(found)


def payload_problems(shown: Shown, planted: Sources, declared: Declared) -> list[str]:
    """Return what is wrong with the marks under columns of payloads (`Place`)."""
    return sorted({
        f"{place.recipient}: {place.return_id or 'no return'}.{place.column} shows {_told(sources)}, {wrong}"
        for place, marks in shown.items()
        for sources in _planted_in(marks, planted)
        for wrong in _wrong(place, sources, declared)
    })  # fmt: skip


def _wrong(place: Place, sources: frozenset[str], declared: Declared) -> Iterator[str]:
    column = declared.columns.get((place.return_id, place.audience, place.column))
    if column is None:
        yield "but is no column of a return."
        return
    returned, policies = declared.returns[place.return_id], declared.known.policies
    if not sources & declared.sources(f"{returned.source}.{place.column}"):
        yield "which its library does not declare."
    classes = sorted({declared.class_of(source) for source in sources})
    if not any(strictest({column.class_, class_}, policies) == column.class_ for class_ in classes):
        yield f"but its class {column.class_} is weaker than {' or '.join(classes)}."
    audience = returned.audiences[place.audience]
    own = next(one for one in returned.columns if one.name == place.column).policy.get(place.audience)
    is_whole = any(policies.transform(class_, audience.level, audience.fulfils) == "raw" for class_ in classes)
    if not is_whole and not (own and own.legal_basis):
        yield f"which policies.yaml hides from this recipient as {' or '.join(classes)}."


def marks_under(texts: Mapping[Any, Iterable[object]], planted: Sources) -> dict[Any, set[str]]:
    """Return the marks within the values of each column; only columns with any."""
    joined = {column: "\n".join({str(value) for value in values if value is not None}) for column, values in texts.items()}
    found = {column: {mark for mark in planted if mark in text} for column, text in joined.items()}
    return {column: marks for column, marks in found.items() if marks}


def library_values(lake: Path, tables: Iterable[str]) -> dict[str, list[object]]:
    """Return the values of every column of these tables by `schema.table.column`."""
    found = {}
    for table in tables:
        rows = DeltaTable(str(lake / table.replace(".", "/"))).to_pyarrow_dataset().to_table()
        found |= {f"{table}.{name}": rows[name].to_pylist() for name in rows.column_names}
    return found


def payload_values(exchange: Path, forms: Sequence[Mapping[str, Any]], declared: Declared) -> dict[Place, list[object]]:
    """Return the values of every column of every payload, of Parquet files and workbooks with their covers.

    Args:
        exchange: the root of all packages.
        forms: the forms of all recipients (`writer.FORM_FACTS`).
        declared: what names the columns behind the labels of a workbook.
    """
    found: dict[Place, list[object]] = {}
    for form in forms:
        if form["path"] is None:
            continue
        path = exchange / recipient_prefix(form["recipient_id"]) / form["path"]
        columns = _table(path) if form["sheet"] is None else _sheet(path, form["sheet"], is_list=bool(form["return_id"]))
        names = {one.label: name for (return_id, _, name), one in declared.columns.items() if return_id == form["return_id"]}
        for head, values in columns.items():
            column = head if form["sheet"] is None else names.get(head, head)
            found.setdefault(Place(form["recipient_id"], form["audience"], form["return_id"], column), []).extend(values)
    return found


def _table(path: Path) -> dict[str, list[object]]:
    rows = pq.read_table(path)
    return {name: rows[name].to_pylist() for name in rows.column_names}


def _sheet(path: Path, name: str, *, is_list: bool) -> dict[str, list[object]]:
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        lines = list(book[name].iter_rows(values_only=True))
    if not is_list:
        return {name: [value for line in lines for value in line]}
    return {str(head): list(values) for head, *values in zip(*lines, strict=True)}


def _planted_in(marks: Iterable[str], planted: Sources) -> set[frozenset[str]]:
    return {frozenset(planted[mark]) for mark in marks}


def _told(sources: frozenset[str]) -> str:
    return " or ".join(sorted(sources))
