"""What a rule may use: its row, its batch, and the effective-dated tables of contracts and city; and the names of helper columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.city.departments import Department
from lakehouse.city.regions import RegionTree
from lakehouse.contracts import model
from lakehouse.declarations.codes import CodeTable
from spark_jobs.transforms.text import REPAIRS

PERIOD = "struct<valid_from: date, valid_to: date>"
BEGINNING, END = date(1, 1, 1), date(9999, 12, 31)


class Succession(NamedTuple):
    """The region that replaces an abolished region during a period; `valid_to` is exclusive."""

    valid_from: date
    valid_to: date
    target: str


class Membership(NamedTuple):
    """The regions a region lies within during a period, itself included; `valid_to` is exclusive."""

    valid_from: date
    valid_to: date
    within: list[str]


@dataclass(frozen=True)
class RuleScope:
    """What rules may use of an instance: code tables, region tree and departments with their validity, and the city's time zone."""

    spark: SparkSession
    codes: Mapping[str, CodeTable]
    regions: RegionTree
    timezone: str
    departments: tuple[Department, ...] = ()

    def code_periods(self, table: str) -> DataFrame:
        """Return one row per code of a table: `code`, `periods`."""
        grouped = _grouped((code.code, (code.valid_from, code.valid_to)) for code in self.codes[table].versions)
        return self.spark.createDataFrame(sorted(grouped.items()), f"code string, periods array<{PERIOD}>")

    def region_periods(self) -> DataFrame:
        """Return one row per region: `code`, `level`, `periods`, `successions` (the regions that replaced it, with periods)."""
        levels = {region.code: region.level for region in self.regions.versions}
        periods = _grouped((region.code, (region.valid_from, region.valid_to)) for region in self.regions.versions)
        rows = [(code, levels[code], periods[code], successions(self.regions, code)) for code in sorted(periods)]
        successor = "struct<valid_from: date, valid_to: date, target: string>"
        return self.spark.createDataFrame(rows, f"code string, level string, periods array<{PERIOD}>, successions array<{successor}>")

    def memberships(self) -> DataFrame:
        """Return one row per region: `code`, `memberships` (the regions it lies within, with periods)."""
        codes = sorted({region.code for region in self.regions.versions})
        spans = "array<struct<valid_from: date, valid_to: date, within: array<string>>>"
        return self.spark.createDataFrame([(code, memberships(self.regions, code)) for code in codes], f"code string, memberships {spans}")

    def provider_regions(self) -> DataFrame:
        """Return one row per department: `uscc`, `regions` (its region, with periods)."""
        spans = ((one.uscc, (one.valid_from, one.valid_to, one.region_code)) for one in self.departments)
        regions = "array<struct<valid_from: date, valid_to: date, region_code: string>>"
        return self.spark.createDataFrame(sorted(_grouped(spans).items()), f"uscc string, regions {regions}")


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def successions(regions: RegionTree, code: str) -> list[Succession]:
    """Return the regions that replace a region while it does not exist, with periods; successors are followed to one that exists."""
    return _stands_for(regions, code, (BEGINNING, END), ())


def _stands_for(regions: RegionTree, code: str, during: tuple[date, date], passed: tuple[str, ...]) -> list[Succession]:
    if code in passed:
        return []
    found: list[Succession] = []
    versions = regions.history(code)
    for version, following in zip_longest(versions, versions[1:]):
        lives = _overlap((version.valid_from, version.valid_to or END), during)
        if passed and lives:
            found.append(Succession(*lives, code))
        gap = _overlap((version.valid_to or END, following.valid_from if following else END), during)
        if gap and version.successor_code:
            found += _stands_for(regions, version.successor_code, gap, (*passed, code))
    return found


def memberships(regions: RegionTree, code: str) -> list[Membership]:
    """Return the regions a region lies within while it exists, with periods; empty for an unknown code."""
    return _lies_within(regions, code, (BEGINNING, END))


def _lies_within(regions: RegionTree, code: str, during: tuple[date, date]) -> list[Membership]:
    found: list[Membership] = []
    for version in regions.history(code):
        lives = _overlap((version.valid_from, version.valid_to or END), during)
        if lives is None:
            continue
        above = _lies_within(regions, version.parent_code, lives) if version.parent_code else [Membership(*lives, [])]
        found += [Membership(one.valid_from, one.valid_to, [code, *one.within]) for one in above]
    return found


def _overlap(one: tuple[date, date], other: tuple[date, date]) -> tuple[date, date] | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start < end else None


Helper = Callable[[DataFrame], DataFrame]


@dataclass(frozen=True)
class RuleCase:
    """One rule of a contract with the tables it may use (`scope`), and the columns of a row it works on."""

    rule: model.Rule
    contract: model.Contract
    scope: RuleScope

    @property
    def params(self) -> dict[str, Any]:
        """Return the rule's parameters."""
        return self.rule.params

    @property
    def column(self) -> model.Column:
        """Return the column the rule judges."""
        return self.contract.column(self.rule.column)

    @property
    def text(self) -> Column:
        """Return the normalised text the rule judges."""
        return normalised_text(self.rule.column)

    @property
    def place(self) -> str:
        """Return the name of the helper column with the region of the column's code as it was sent."""
        return region_name(self.rule.column)

    @property
    def business_date(self) -> Column:
        """Return the business date of the row's delivery."""
        return F.col("_business_date")

    def text_of(self, column: str) -> Column:
        """Return the normalised text of another column of the row."""
        return normalised_text(column)

    @property
    def sent(self) -> Column:
        """Return the text as sent: before repairs, but with spaces, width and case normalised."""
        return sent_text(self.rule.column) if normalisation_repairs(self.column) else self.text

    def typed(self, column: str | None = None) -> Column:
        """Return the typed value of the rule's or another column, added by `verdicts.with_values`."""
        name = column or self.rule.column
        return normalised_text(name) if self.contract.column(name).type == "string" else F.col(f"`{typed_name(name)}`")

    def helper(self, name: str) -> str:
        """Return the name of a helper column of this rule."""
        return f"_h_{self.rule.id.replace('.', '__')}__{name}"


def normalisation_repairs(column: model.Column) -> bool:
    """Return whether a normalisation of the column repairs values (such as an old number or an abolished code)."""
    return not set(REPAIRS).isdisjoint(column.normalise)


def sent_name(column: str) -> str:
    """Return the name of the helper column with a column's text before repairs."""
    return f"_s_{column}"


def sent_text(column: str) -> Column:
    """Return a column's text before repairs; `normalisation.with_normalised` adds it for columns with repairs."""
    return F.col(f"`{sent_name(column)}`")


def typed_name(column: str) -> str:
    """Return the name of the helper column with a column's typed value."""
    return f"_t_{column}"


def normalised_name(column: str) -> str:
    """Return the name of the helper column with a column's normalised text."""
    return f"_n_{column}"


def region_name(column: str) -> str:
    """Return the name of the helper column with the region of a column's code as it was sent."""
    return f"_r_{column}"


def normalised_text(column: str) -> Column:
    """Return a column's normalised text, added by `normalisation.with_normalised`."""
    return F.col(f"`{normalised_name(column)}`")


def is_valid_at(period: Column, day: Column) -> Column:
    """Return whether a period (`valid_from` inclusive, `valid_to` exclusive, null is open) contains a date."""
    begun = period["valid_from"].isNull() | (period["valid_from"] <= day)
    return begun & (period["valid_to"].isNull() | (day < period["valid_to"]))
