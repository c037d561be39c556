"""Returns what a rule may look at: the row, its batch, and the effective-dated tables of contracts and city."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.codes import CodeTable
from lakehouse.contracts import model
from spark_jobs.transforms import text, types

PERIOD = "struct<valid_from: date, valid_to: date>"
BEGINNING = date(1, 1, 1)


class Region(NamedTuple):
    """One line of the region tree; `valid_to` is exclusive; after it the successor stands for the region."""

    code: str
    level: str
    valid_from: date | None
    valid_to: date | None
    successor_code: str | None


class Succession(NamedTuple):
    """The region that stands for an abolished one from a date on, until another one does."""

    valid_from: date
    valid_to: date | None
    target: str


@dataclass(frozen=True)
class RuleScope:
    """What the job knows of the instance: code tables and region tree with their validity, and the city's time zone."""

    spark: SparkSession
    codes: Mapping[str, CodeTable]
    regions: tuple[Region, ...]
    timezone: str

    def code_periods(self, table: str) -> DataFrame:
        """Returns one row per code of a table: `code`, `periods`."""
        grouped = _grouped((code.code, (code.valid_from, code.valid_to)) for code in self.codes[table].versions)
        return self.spark.createDataFrame(sorted(grouped.items()), f"code string, periods array<{PERIOD}>")

    def region_periods(self) -> DataFrame:
        """Returns one row per region: `code`, `level`, `periods`, `successions` (what it became, from when to when)."""
        levels = {region.code: region.level for region in self.regions}
        periods = _grouped((region.code, (region.valid_from, region.valid_to)) for region in self.regions)
        became = successions(self.regions)
        rows = [(code, levels[code], periods[code], became.get(code, [])) for code in sorted(periods)]
        successor = "struct<valid_from: date, valid_to: date, target: string>"
        return self.spark.createDataFrame(rows, f"code string, level string, periods array<{PERIOD}>, successions array<{successor}>")


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def successions(regions: Iterable[Region]) -> dict[str, list[Succession]]:
    """Returns for every abolished region what stands for it, from when to when; chains are followed to a living region."""
    lives: dict[str, list[Region]] = _grouped((region.code, region) for region in regions)
    return {code: found for code in lives if (found := _stands_for(code, BEGINNING, lives, frozenset()))}


def _stands_for(code: str, since: date, lives: Mapping[str, list[Region]], seen: frozenset[str]) -> list[Succession]:
    if code in seen:
        return []
    found: list[Succession] = []
    for region in sorted(lives.get(code, []), key=lambda one: one.valid_from or BEGINNING):
        if seen and (region.valid_to is None or region.valid_to > since):
            found.append(Succession(max(since, region.valid_from or BEGINNING), region.valid_to, code))
        if region.valid_to is not None and region.successor_code:
            found += _stands_for(region.successor_code, max(since, region.valid_to), lives, seen | {code})
    return found


@dataclass(frozen=True)
class RuleCase:
    """One rule of a contract in a scope."""

    rule: model.Rule
    contract: model.Contract
    scope: RuleScope

    @property
    def params(self) -> dict[str, Any]:
        """Returns the rule's parameters."""
        return self.rule.params

    @property
    def column(self) -> model.Column:
        """Returns the column the rule judges."""
        return self.contract.column(self.rule.column)

    @property
    def text(self) -> Column:
        """Returns the normalised text the rule judges."""
        return normalised_text(self.rule.column)

    @property
    def place(self) -> str:
        """Returns the name of the helper column with the region of the column's code as it was sent."""
        return region_name(self.rule.column)

    @property
    def business_date(self) -> Column:
        """Returns the date the row's delivery is about."""
        return F.col("_business_date")

    def text_of(self, column: str) -> Column:
        """Returns the normalised text of another column of the row."""
        return normalised_text(column)

    def typed(self, column: str | None = None) -> Column:
        """Returns the typed value of the rule's or another column."""
        name = column or self.rule.column
        return types.typed(normalised_text(name), self.contract.column(name), self.scope.timezone)

    def as_sent(self, *without: str) -> Column:
        """Returns the column's text before these normalisations (spaces and width are never judged)."""
        return text.normalised(self.column, without=frozenset(without))

    def helper(self, name: str) -> str:
        """Returns the name of a helper column of this rule."""
        return f"_h_{self.rule.id.replace('.', '__')}__{name}"


def normalised_name(column: str) -> str:
    """Returns the name of the helper column with a column's normalised text."""
    return f"_n_{column}"


def region_name(column: str) -> str:
    """Returns the name of the helper column with what the region tree says of a column's code as it was sent."""
    return f"_r_{column}"


def normalised_text(column: str) -> Column:
    """Returns a column's normalised text, as `normalisation.with_normalised` added it."""
    return F.col(f"`{normalised_name(column)}`")


def is_valid_at(period: Column, day: Column) -> Column:
    """Returns whether a period (`valid_from` inclusive, `valid_to` exclusive, null is open) contains a date."""
    begun = period["valid_from"].isNull() | (period["valid_from"] <= day)
    return begun & (period["valid_to"].isNull() | (day < period["valid_to"]))
