"""The typed model of a contract: everything that other modules may know about a resource."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from lakehouse.contracts.cycle import CYCLES, CycleRule, Every
from lakehouse.declarations.strict_yaml import Declared

Level = Literal["province", "city", "district", "street", "community", "grid"]
LogicalType = Literal["string", "date", "timestamp", "integer", "number", "boolean"]
Normalisation = Literal["trim", "half_width", "upper", "resident_id_18", "region_successor", "open_ended", "round"]
Grade = Literal[1, 2, 3, 4]
DECIMAL = re.compile(r"decimal\([0-9]{1,2},([0-9]{1,2})\)")


class Recurrence(Declared):
    """How often something is due: every business day, every Monday, every first of the month or of the year …."""

    every: Every

    @property
    def rule(self) -> CycleRule:
        """Return what the recurrence means."""
        return CYCLES[self.every]


class PostgresSource(Declared):
    """A table of a PostgreSQL source system, taken by watermark with an overlap of days.

    `reconcile` says how often its keys and positions are compared with what has arrived.
    """

    kind: Literal["postgres"]
    connection: str
    table: str
    watermark: str
    overlap_days: int = Field(3, alias="overlapDays", ge=0, le=31)
    reconcile: Recurrence | None = None


class CsvSource(Declared):
    """CSV files dropped below the inbox; `path` holds `{date}` and, for many providers, `{region}`."""

    kind: Literal["csv"]
    path: str
    encoding: Literal["utf-8", "utf-16", "gb18030"] = "utf-8"
    delimiter: str = ","


class JsonLinesSource(Declared):
    """JSON Lines files dropped below the inbox, UTF-8, one object a line."""

    kind: Literal["jsonl"]
    path: str


class XlsxSource(Declared):
    """Workbooks dropped below the inbox: one declared sheet, its header in `header_rows` rows from `header_from` on.

    `formulas`: a cell with a formula rejects its row, or its stored result is read.
    """

    kind: Literal["xlsx"]
    path: str
    sheet: str
    header_from: int = Field(1, alias="headerFrom", ge=1, le=20)
    header_rows: int = Field(1, alias="headerRows", ge=1, le=5)
    formulas: Literal["reject", "result"] = "reject"


class ApiSource(Declared):
    """A paged HTTP API with a bearer token, taken by watermark with an overlap of days.

    `paging` says how its pages make up one moment: `snapshot` (its answers name a snapshot, which later pages are asked from), `key` (it
    answers in the order of the key, after a key), `passes` (neither: all pages are read until two passes agree). `repeated_keys`: it may
    give several rows of one key. `reconcile` says how often its keys and positions are compared with what has arrived.
    """

    kind: Literal["api"]
    connection: str
    path: str
    watermark: str
    page_size: int = Field(200, alias="pageSize", ge=1, le=5000)
    overlap_days: int = Field(3, alias="overlapDays", ge=0, le=31)
    paging: Literal["passes", "snapshot", "key"] = "passes"
    repeated_keys: bool = Field(False, alias="repeatedKeys")
    reconcile: Recurrence | None = None


Source = Annotated[PostgresSource | CsvSource | JsonLinesSource | XlsxSource | ApiSource, Field(discriminator="kind")]


class OneProvider(Declared):
    """One department delivers: the office of this kind of the city, or of the province the city lies in."""

    kind: str
    of: Literal["city", "province"] = "city"

    def __str__(self) -> str:
        """Return the provider in words."""
        return f"{self.kind} of the {self.of}"


class EachProvider(Declared):
    """Each region of a level has an office that delivers its own batch.

    `kind` names the department's kind where it is not the region's own office; `senders: known` expects only those that sent before.
    """

    each: Literal["district", "street", "community"]
    kind: str | None = None
    senders: Literal["all", "known"] = "all"

    def __str__(self) -> str:
        """Return the providers in words."""
        return f"{self.kind} of each {self.each}" if self.kind else f"each {self.each}"


class Cycle(Recurrence):
    """How often a delivery is due, and by what hour.

    `due_hours` counts from the beginning of that day: with 9 the delivery is late after nine o'clock, with 72 after the third day.
    """

    due_hours: int = Field(alias="dueHours", ge=0, le=240)


class Sharing(Declared):
    """Share attribute (1 unconditional, 2 conditional, 3 not shared), grade of the resource, open type.

    `legal_basis` names the law that forbids sharing (attribute 3), with its article.
    """

    attribute: Literal[1, 2, 3]
    grade: Grade
    open_type: Literal["unconditional", "conditional", "closed"] = Field(alias="openType")
    legal_basis: str | None = Field(None, alias="legalBasis")


class Locality(Declared):
    """Which columns say where a row belongs: a registered code, a grid code, a community's name, a standard address, an address text."""

    code: str | None = None
    grid: str | None = None
    community_name: str | None = Field(None, alias="communityName")
    address_id: str | None = Field(None, alias="addressId")
    address: str | None = None


class Operation(Declared):
    """The column that says what happened to the key, and which of its values mean a deletion."""

    column: str
    delete: tuple[str, ...]


class BlockAt(Declared):
    """An error rule blocks its batch when more than `share` *and* at least `rows` rows break it."""

    share: float = Field(0.05, ge=0, le=1)
    rows: int = Field(20, ge=1)


class ClosingsHeldAt(Declared):
    """A snapshot's closings are held when they are more than `share` *and* more than `keys`, or more than the share `most`.

    Both are shares of its provider's open keys.
    """

    share: float = Field(0.05, ge=0, le=1)
    keys: int = Field(20, ge=0)
    most: float = Field(0.5, ge=0, le=1)


class Rule(Declared):
    """One row rule. `id` is unique in its contract and stands in `_verdict` of every row that breaks it."""

    id: str
    kind: str
    column: str
    severity: Literal["error", "warning"]
    dimension: str
    params: dict[str, Any] = Field(default_factory=dict)
    message_zh: str
    message_en: str


class Column(Declared):
    """One column: its name in the source, its type, its class (of policies.yaml) and grade, how it is normalised before rules see it."""

    name: str
    source_name: str
    label_zh: str
    label_en: str
    type: LogicalType
    physical_type: str | None = None  # Spark SQL type of a number, e.g. decimal(18,2)
    format: str | None = None  # of dates and timestamps in the text; default ISO 8601
    required: bool = False
    key: bool = False
    class_: str
    grade: Grade
    normalise: tuple[Normalisation, ...] = ("trim",)
    identity: str | None = None  # name of the person id column derived from it, e.g. `person_id`
    dropped: bool = False  # dropped at landing: kept by no reader, in no table

    @property
    def is_name(self) -> bool:
        """Return whether the column holds names: of persons by its class, of entities and places by its own name (`…_name`)."""
        return self.class_ == "name" or self.name.endswith("_name")

    @property
    def is_spelled_freely(self) -> bool:
        """Return whether the same value may be written in several ways: names and addresses."""
        return self.is_name or self.class_ == "address" or self.name.endswith("_address")

    @property
    def decimals(self) -> int | None:
        """Return how many digits after the point the column keeps; None for a type without such a limit."""
        found = DECIMAL.fullmatch(self.physical_type or "") if self.type == "number" else None
        return int(found[1]) if found else None


class Contract(Declared):
    """A resource. Schemas, rules, suites, DAGs and docs are derived from this contract and from nothing else."""

    code: str
    name_zh: str
    name_en: str
    description: str
    version: str
    level: Level
    provider: OneProvider | EachProvider
    source: Source
    cycle: Cycle
    delivery: Literal["increment", "snapshot", "event"]
    position: str | None  # column that orders rows of a key in source time; None: the business date
    operation: Operation | None = None
    sharing: Sharing
    locality: Locality
    block_at: BlockAt = BlockAt()
    closings_held_at: ClosingsHeldAt = ClosingsHeldAt()
    words_for_nothing: tuple[str, ...] = ()  # words that say a value is missing, besides those every export writes (`text.cleaning`)
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]  # judged at the gate
    references: tuple[Rule, ...] = ()  # judged in the libraries: values that a base library should know
    file: str

    @property
    def kept_columns(self) -> tuple[Column, ...]:
        """Return the columns that reach bronze and silver (all but those dropped at landing)."""
        return tuple(column for column in self.columns if not column.dropped)

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """Return the columns of the primary key, in contract order."""
        return tuple(column for column in self.columns if column.key)

    @property
    def identity_columns(self) -> tuple[Column, ...]:
        """Return the columns from which a person id is derived."""
        return tuple(column for column in self.columns if column.identity)

    def column(self, name: str) -> Column:
        """Return a column by name."""
        return next(column for column in self.columns if column.name == name)

    def rules_of(self, severity: Literal["error", "warning"]) -> tuple[Rule, ...]:
        """Return the rules of one severity."""
        return tuple(rule for rule in self.rules if rule.severity == severity)
