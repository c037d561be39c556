"""Marks: a value of its own in every column of a source that is not plain, and the columns of libraries and payloads it is seen under."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow.parquet as pq

from lakehouse.contracts.model import Column, Contract
from lakehouse.declarations.libraries import DeclaredLibrary
from lakehouse.declarations.provenance import Known, sources_of, strictest
from lakehouse.naming import recipient_prefix
from lakehouse.objects import Area
from lakehouse.returns.model import Return
from tests.dbt_project.lake import (
    ADDRESSES,
    CASES,
    CERTIFICATES,
    CHECKS,
    COMPANIES,
    EVENTS,
    LEDGERS,
    PERMITS,
    REGISTRY,
    SERVICES,
    Silver,
    instant,
)  # fmt: skip
from tests.oracle.canaries import token

PLAIN = "plain"
COMMUNITY, GRID = "449901001001", "449901001001001"
# What a row must say to be taken up by the libraries.
NEEDED: dict[str, dict[str, Any]] = {
    REGISTRY: {"hukou_region_code": COMMUNITY, "relation_to_head_code": "0"},
    PERMITS: {"status": "有效", "residence_region_code": COMMUNITY},
    COMPANIES: {"status_code": "1", "region_code": COMMUNITY},
    ADDRESSES: {"status": "启用", "community_code": COMMUNITY, "grid_code": GRID},
    LEDGERS: {"community_code": COMMUNITY},
    CASES: {"status": "在享", "start_month": "2026-04", "case_no": "K1"},
    EVENTS: {"event_no": "E1", "grid_code": GRID, "status": "处置中", "report_time": instant("2026-06-01 01:00")},
    CHECKS: {"result": "在住", "grid_code": GRID},
    CERTIFICATES: {"cert_status": "正常"},
    SERVICES: {"pay_month": "2026-06", "_recorded_on": date(2026, 6, 1)},
}
Seen = tuple[str, str]  # a table, or a return and an audience; and a column


@dataclass(frozen=True)
class Mark:
    """A value that stands in one column of one source (`resource.column`) and nowhere else."""

    source: str
    class_: str
    grade: int
    value: Any

    @property
    def text(self) -> str:
        """Return what the mark looks like wherever it is found whole."""
        return str(self.value)


@dataclass(frozen=True)
class Sighting:
    """A mark under a column: of a table, or of a return as an audience receives it."""

    where: str
    column: str
    mark: Mark


def plant(silver: Silver, contracts: Mapping[str, Contract]) -> list[Mark]:
    """Add rows with a mark in every column that is not plain; return the marks.

    Each resource has a person, company or place of its own. Columns that decide whether a row is taken up are marked in a second row.
    """
    marks: list[Mark] = []
    for code, contract in sorted(contracts.items()):
        marked = [column for column in contract.kept_columns if column.class_ != PLAIN]
        own = {column.name: _mark(code, column, len(marks) + n) for n, column in enumerate(marked)}
        marks += own.values()
        values, needed = {name: mark.value for name, mark in own.items()}, NEEDED[code]
        _add(silver, contract, "first", values | needed)
        deciding = {name: values[name] for name in needed if name in values}
        if deciding:
            required = [column.name for column in contract.kept_columns if column.required and column.type == "string"]
            _add(silver, contract, "second", {name: f"second {name}" for name in required} | needed | deciding)
    return marks


def _mark(code: str, column: Column, number: int) -> Mark:
    values = {"string": token(number), "date": date(1930, 1, 1) + timedelta(days=number), "integer": 7200000 + number}
    value = Decimal(7100000 + number) if column.type == "number" else values[column.type]
    return Mark(f"{code}.{column.name}", column.class_, column.grade, value)


def _add(silver: Silver, contract: Contract, which: str, values: Mapping[str, Any]) -> None:
    pseudonyms = {str(column.identity): f"{contract.code} {column.identity} {which}" for column in contract.identity_columns}
    silver.add(contract.code, "2026-05-01", **{"_provider": "somebody"} | pseudonyms | dict(values))
    if "person_id" in pseudonyms and contract.code != REGISTRY:
        silver.add(REGISTRY, "2026-05-01", person_id=pseudonyms["person_id"], hukou_region_code=COMMUNITY)


def in_tables(tables: Mapping[str, Iterable[Mapping[str, Any]]], marks: Iterable[Mark]) -> set[Sighting]:
    """Return where the marks are in the rows of tables."""
    return {
        Sighting(table, column, mark)
        for table, rows in tables.items()
        for row in rows
        for column, value in row.items()
        for mark in marks
        if mark.text in str(value)
    }


def in_payloads(area: Area, forms: Iterable[Mapping[str, Any]], returns: Iterable[Return], marks: Iterable[Mark]) -> set[Sighting]:
    """Return where the marks are in the decoded cells of payloads, by return and audience."""
    labels = {one.id: {column.label: column.name for column in one.columns} for one in returns}
    found = set()
    for form in forms:
        if form["path"] is not None and form["return_id"]:
            content = area.get(f"{recipient_prefix(form['recipient_id'])}/{form['path']}")
            for heading, text in _cells(content, form["sheet"]):
                column = labels[form["return_id"]].get(heading, heading)
                found |= {Sighting(f"{form['return_id']} {form['audience']}", column, mark) for mark in marks if mark.text in text}
    return found


def undeclared(seen: Iterable[Sighting], known: Known) -> list[Sighting]:
    """Return the sightings in libraries under a column that does not say it comes from there, or is called less sensitive."""
    return [one for one in seen if not _is_declared(one, known.libraries[one.where], known)]


def _is_declared(one: Sighting, library: DeclaredLibrary, known: Known) -> bool:
    column = library.columns[one.column]
    is_strict = strictest({column.class_, one.mark.class_}, known.policies) == column.class_ and column.grade >= one.mark.grade
    return is_strict and one.mark.source in sources_of(f"{one.where}.{one.column}", known)


def leaked(seen: Iterable[Sighting], known: Known, returns: Mapping[str, Return]) -> list[Sighting]:
    """Return the sightings in payloads under a weaker class, or where the mark's class may not be seen whole by the policy."""
    wrong = []
    for one in seen:
        return_id, _, audience = one.where.partition(" ")
        whom = returns[return_id].audiences[audience]
        column = next(column for column in returns[return_id].columns if column.name == one.column)
        may = known.policies.transform(one.mark.class_, whom.level, whom.fulfils) == "raw"
        if (
            not may
            or strictest({str(column.class_), one.mark.class_}, known.policies) != column.class_
            or (column.grade or 0) < one.mark.grade
        ):
            wrong.append(one)
    return wrong


def _cells(content: bytes, sheet: str | None) -> Iterator[tuple[str, str]]:
    if sheet is None:
        table = pq.read_table(io.BytesIO(content))
        yield from ((name, str(value)) for name in table.column_names for value in table[name].to_pylist())
        return
    header, *rows = openpyxl.load_workbook(io.BytesIO(content), read_only=True)[sheet].iter_rows(values_only=True)
    yield from ((str(name), str(value)) for row in rows for name, value in zip(header, row, strict=False))
