"""What the plain Python rules work with: a rule, the normalised texts of a row, and effective-dated tables of contracts and city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse.city.departments import Department
from lakehouse.city.regions import RegionTree
from lakehouse.contracts.model import Column, Contract, Rule
from lakehouse.declarations.codes import CodeTable
from lakehouse.numbers import resident
from lakehouse.rules.format import BOOLEANS, OPEN_ENDED, text_format
from lakehouse.text.cleaning import cleaned, is_nothing, words_for_nothing

Row = Mapping[str, Any]
DIGITS = frozenset("0123456789")
MICROSECOND_DIGITS = 6
MOST_DIGITS = 38  # of a decimal in Spark


@dataclass(frozen=True)
class Ground:
    """The tables a rule may use: code tables, region tree and departments; and the city's time zone."""

    codes: Mapping[str, CodeTable]
    regions: RegionTree
    timezone: str
    departments: tuple[Department, ...] = ()


@dataclass(frozen=True)
class Native:
    """A native expectation of Great Expectations and its arguments.

    It uses columns of normalised text (`_n_<column>`), of typed values (`_t_<column>`) or technical ones.
    """

    expectation: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One rule of a contract with the tables it may use; `seen` is what its kind observed in the whole batch."""

    rule: Rule
    contract: Contract
    ground: Ground
    seen: Any = None

    @property
    def params(self) -> dict[str, Any]:
        """Return the rule's parameters."""
        return self.rule.params

    @property
    def column(self) -> Column:
        """Return the column the rule judges."""
        return self.contract.column(self.rule.column)

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        """Return the words that each column reads as empty."""
        return {one.name: words_for_nothing(self.contract, one, self.ground.codes) for one in self.contract.kept_columns}

    def text(self, row: Row, column: str | None = None) -> str | None:
        """Return the normalised text of the rule's or another column, None when nothing is left."""
        declared = self.contract.column(column or self.rule.column)
        sent = self.sent(row, declared.name, without=())
        if sent is None or "region_successor" not in declared.normalise:
            return sent
        return self._successor(sent, day(row))

    def sent(self, row: Row, column: str | None = None, without: tuple[str, ...] = ()) -> str | None:
        """Return the cleaned and normalised text, without `region_successor` and without the repairs in `without`."""
        declared = self.contract.column(column or self.rule.column)
        if row[declared.name] is None:
            return None
        text = cleaned(row[declared.name], declared)
        for step in ("half_width", "upper"):
            text = _step(text, step) if step in declared.normalise else text
        if is_nothing(text, self._words[declared.name]):
            return None
        for step in declared.normalise:
            text = text if step in without else _repaired(text, step, declared)
        return text or None

    def value(self, row: Row, column: str | None = None) -> Any:
        """Return the typed value of the rule's or another column, None when the text is empty or does not fit."""
        name = column or self.rule.column
        text = self.text(row, name)
        return None if text is None else read(text, self.contract.column(name), self.ground.timezone)

    def local_date(self, row: Row) -> date | None:
        """Return the rule's date, or the local date of its timestamp."""
        value = self.value(row)
        return value.astimezone(ZoneInfo(self.ground.timezone)).date() if isinstance(value, datetime) else value

    def _successor(self, code: str, on: date) -> str:
        heir = self.ground.regions.successor(code, on)
        return code if heir is None else heir.ljust(len(code), "0")


def day(row: Row) -> date:
    """Return the business date of the row's delivery."""
    found: date = row["_business_date"]
    return found


def read(text: str, column: Column, timezone: str) -> Any:
    """Return the value of a text in its column's type and format, None when it does not fit."""
    if column.type in ("date", "timestamp"):
        return _moment(text, column, timezone)
    if column.type == "boolean":
        return BOOLEANS.get(text)
    return text if column.type == "string" else _number(text, column)


def _moment(text: str, column: Column, timezone: str) -> date | datetime | None:
    written = text_format(column.type, column.format).python
    seconds, point, fraction = text.partition(".") if column.type == "timestamp" else (text, "", "")
    if point and not (1 <= len(fraction) <= MICROSECOND_DIGITS and set(fraction) <= DIGITS):
        return None
    try:
        moment = datetime.strptime(seconds, written)  # noqa: DTZ007 (local time; its zone is added below)
    except ValueError:
        return None
    if moment.strftime(written.replace("%Y", f"{moment.year:04d}")) != seconds:  # %Y writes the year 99 with two digits
        return None
    moment = moment.replace(microsecond=int(fraction.ljust(MICROSECOND_DIGITS, "0"))) if point else moment
    if column.type == "date":
        return moment.date()
    try:
        return moment.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    except OverflowError:  # the instant lies before the year 1 or after the year 9999 in UTC
        return None


def _number(text: str, column: Column) -> Decimal | None:
    whole, _, fraction = text.lstrip("+-").partition(".")
    if len(text) - len(text.lstrip("+-")) > 1 or not (set(whole) | set(fraction)) <= DIGITS or not whole or text.endswith("."):
        return None
    if column.type == "integer":
        return Decimal(text) if "." not in text and len(whole) <= 18 and _fits_integer(Decimal(text), column) else None
    physical = (column.physical_type or "decimal(38,10)").lower()
    if not physical.startswith("decimal"):
        return Decimal(text)
    precision, scale = (*(int(part) for part in physical.removeprefix("decimal(").removesuffix(")").split(",")), 0)[:2]
    too_fine = len(fraction.rstrip("0")) > scale
    return None if too_fine or len(whole.lstrip("0")) > precision - scale else _decimal(text)


def _fits_integer(number: Decimal, column: Column) -> bool:
    return column.physical_type not in ("int", "integer") or -(2**31) <= number < 2**31


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _step(text: str, step: str) -> str:
    return text.translate(resident.HALF_WIDTH) if step == "half_width" else text.upper()


def _repaired(text: str, step: str, column: Column) -> str:
    if step == "resident_id_18" and len(text) == 15 and set(text) <= DIGITS:
        return resident.normalise_resident_id(text)
    if step == "open_ended" and text in OPEN_ENDED:
        return ""
    return _rounded(text, column.decimals or 0) if step == "round" else text


def _rounded(text: str, decimals: int) -> str:
    """Return a number with no more decimals than its column keeps; other text, and a number too long to be exact, is unchanged."""
    whole, _, fraction = (text[1:] if text.startswith(("+", "-")) else text).partition(".")
    is_number = bool(whole and fraction) and (set(whole) | set(fraction)) <= DIGITS
    if not is_number or len(fraction.rstrip("0")) <= decimals or len(whole.lstrip("0")) > MOST_DIGITS - decimals:
        return text
    return format(Decimal(text).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, Context(prec=len(text) + 1)), "f")
