"""Plant marks: rows of all resources with a unique value in every column that is not plain, so that it is known again wherever it turns up.

A text, a date and a number can carry a mark. A name, an address, a code is a unique word, a phone and a number of identity are valid ones.
A code has a unique label, too, and the pseudonym made from a number is a mark of that number. What cannot carry one is named by `unmarked`:
a truth value, an instant (written in several ways), a number with few digits; such a column needs a test of its own. A column that is
dropped at landing is in no table; the tests of readers show that it is gone.

Some values decide whether a row counts (a certificate in force, a company in business), so every kind of row is planted twice: once with
marks only, once with the ordinary values there (`ORDINARY`; a code in words, 在享, is known again as well). Persons stand in one resource,
in two of which one defines them, or in all: so every candidate of a field has somebody of whom it is the only one to say something.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from pyspark.sql.types import DecimalType
from stdnum.iso7064 import mod_11_2

from lakehouse.contracts.model import Column, Contract
from lakehouse.declarations.authority import Authority
from spark_jobs.transforms.types import spark_type
from tests.dbt_project.lake import (
    ADDRESSES,
    CASES,
    CERTIFICATES,
    CHECKS,
    COMPANIES,
    EVENTS,
    PERMITS,
    REGISTRY,
    SERVICES,
    Silver,
)  # fmt: skip
from tests.oracle.canaries import token

SINCE = "2026-05-20"
OFFICE = "office of 449901001"
COMMUNITY, GRID = "449901001001", "449901001001001"
WRITTEN = "示范东区人民路12号"  # leads to the address with ordinary values
POINT = {"lon": Decimal("113.5"), "lat": Decimal("22.2")}  # of addresses and events, so that an event is near an address
ORDINARY: dict[str, dict[str, Any]] = {
    EVENTS: POINT,
    ADDRESSES: POINT | {"road_name": "人民路", "door_no": "12", "building_no": None, "unit_no": None, "room_no": None, "status": "启用"},
    CASES: {"status": "在享", "household_size": 1, "start_month": "2026-05"},
    CERTIFICATES: {"cert_status": "正常"},
    CHECKS: {"result": "在住"},
    COMPANIES: {"status_code": "1"},
    PERMITS: {"status": "有效"},
    REGISTRY: {"relation_to_head_code": "0"},
    SERVICES: {"pay_month": "2026-06"},
}
LINKED = {  # column -> the one whose value it has among ordinary rows: a reference to something that exists
    f"{CHECKS}.address_id": f"{ADDRESSES}.address_id",
    f"{COMPANIES}.legal_rep_person_id": f"{REGISTRY}.person_id",
    f"{EVENTS}.handler_uscc": f"{COMPANIES}.uscc",
}
EARLY, BORN = date(1931, 1, 1), date(1950, 1, 1)


@dataclass
class Planted:
    """Rows with marks.

    Attributes:
        silver: the rows.
        sources: mark → the source columns (`resource.column`) it was planted in.
        codes: the labels of marks that are codes.
        said: source column → its last ordinary value.
        numbers: the numbers of marks.
    """

    silver: Silver = field(default_factory=Silver)
    sources: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    codes: list[dict[str, str]] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def row(self, contract: Contract, is_ordinary: bool, pseudonyms: Mapping[str, str]) -> None:
        """Add a row; `pseudonyms` are those of people who stand in other rows, too."""
        values = {column.name: self._value(contract, column, is_ordinary) for column in contract.kept_columns}
        values |= {str(column.identity): self._pseudonym(contract, column, is_ordinary, pseudonyms) for column in contract.identity_columns}
        if is_ordinary:
            self.said |= {f"{contract.code}.{name}": value for name, value in values.items()}
        self.silver.add(contract.code, SINCE, _provider=OFFICE, **values)

    def _value(self, contract: Contract, column: Column, is_ordinary: bool) -> Any:
        name, ordinary = f"{contract.code}.{column.name}", ORDINARY.get(contract.code, {})
        if column.class_ == "plain":
            return ordinary.get(column.name, _place(contract, column) or self._plain_key(column))
        if is_ordinary and column.name in ordinary:
            return self._ordinary(contract, column, ordinary[column.name])
        value = self.said[LINKED[name]] if is_ordinary and name in LINKED else mark(column, next(self.numbers))
        if value is None:
            return None
        self.sources[str(value)].add(name)
        for table in _code_tables(contract, column):
            self._label(name, table, str(value))
        return f"{WRITTEN}{value}" if is_ordinary and column.name == contract.locality.address else value

    def _ordinary(self, contract: Contract, column: Column, value: Any) -> Any:
        """Return an ordinary value; a code in words that nothing else says is a mark, too."""
        if _code_tables(contract, column) and len(value) > 1:
            self.sources[value].add(f"{contract.code}.{column.name}")
        return value

    def _plain_key(self, column: Column) -> str | None:
        return f"key {next(self.numbers)}" if column.key and column.type == "string" else None

    def _pseudonym(self, contract: Contract, column: Column, is_ordinary: bool, pseudonyms: Mapping[str, str]) -> str:
        name = f"{contract.code}.{column.identity}"
        linked = self.said[LINKED[name]] if is_ordinary and name in LINKED else None
        value = pseudonyms.get(str(column.identity)) or linked or token(next(self.numbers))
        self.sources[value].add(f"{contract.code}.{column.name}")
        return value

    def _label(self, name: str, table: str, code: str) -> None:
        label = token(next(self.numbers))
        self.sources[label].add(name)
        self.codes.append({"code_table": table, "code": code, "label_zh": label, "label_en": label})


def plant(contracts: Mapping[str, Contract], authority: Authority) -> Planted:
    """Return rows of all resources with marks: of persons in every combination that matters, of everything else one of each sort."""
    planted = Planted()
    person = authority.entities["person"]
    about = [code for code, contract in contracts.items() if person.id in {column.identity for column in contract.identity_columns}]
    defining = [one.resource for one in person.defined_by if one.resource in contracts]
    groups = {frozenset((code, *one)): None for code in about for one in ((), *((name,) for name in defining))}
    for is_ordinary in (False, True):
        planted.row(contracts[ADDRESSES], is_ordinary, {})  # first, because people are found at them
    for group in (*groups, frozenset(about)):
        for is_ordinary in (False, True):
            pseudonym = token(next(planted.numbers))
            for code in sorted(group):
                planted.row(contracts[code], is_ordinary, {person.id: pseudonym})
    for code in sorted(set(contracts) - {*about, ADDRESSES}):
        for is_ordinary in (False, True):
            planted.row(contracts[code], is_ordinary, {})
    return planted


def unmarked(contracts: Mapping[str, Contract], planted: Planted) -> list[str]:
    """Return the columns that are not plain and have no mark."""
    marked = set().union(*planted.sources.values())
    columns = [(f"{code}.{column.name}", column) for code, contract in contracts.items() for column in contract.kept_columns]
    return [name for name, column in columns if column.class_ != "plain" and name not in marked]


def mark(column: Column, number: int) -> Any:
    """Return a value of the column's type that no other number gives; None where the type cannot carry one."""
    if column.type == "string":
        makers = {"id_no": _id_no, "phone": lambda n: f"139{n:08}"}
        return makers.get(column.class_, token)(number)
    if column.type == "date":
        return EARLY + timedelta(days=number)
    if column.type == "integer":
        return 8_800_000 + number
    return _amount(spark_type(column), number) if column.type == "number" else None


def _id_no(number: int) -> str:
    body = f"449901{BORN + timedelta(days=number):%Y%m%d}001"
    return body + mod_11_2.calc_check_digit(body)


def _amount(type_: Any, number: int) -> Decimal | None:
    is_long = isinstance(type_, DecimalType) and type_.precision - type_.scale >= 12 and type_.scale >= 2
    return Decimal(f"77{number:010}.37").quantize(Decimal(1).scaleb(-type_.scale)) if is_long else None


def _place(contract: Contract, column: Column) -> str | None:
    said = contract.locality
    return {said.code: COMMUNITY, said.grid: GRID, said.community_name: "香湾社区"}.get(column.name)


def _code_tables(contract: Contract, column: Column) -> list[str]:
    rules = [rule for rule in contract.rules if (rule.kind, rule.column) == ("domain", column.name)]
    return [rule.params["codes"] for rule in rules if not rule.params.get("first")]  # else only the first characters are a code
