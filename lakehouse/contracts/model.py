"""The typed model of a contract: everything that other modules may know about a resource."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakehouse.contracts.cycle import CYCLES, CycleRule, Every
from lakehouse.contracts.layouts import Encoding, Layout
from lakehouse.contracts.terms import Alerts, BlockAt, ClosingsHeldAt, Locality, Migration, Operation, Retry
from lakehouse.declarations.strict_yaml import Declared

Level = Literal["province", "city", "district", "street", "community", "grid"]
LogicalType = Literal["string", "date", "timestamp", "integer", "number", "boolean"]
Normalisation = Literal["trim", "half_width", "upper", "resident_id_18", "region_successor", "open_ended", "round"]
Grade = Literal[1, 2, 3, 4]
DECIMAL = re.compile(r"decimal\([0-9]{1,2},([0-9]{1,2})\)")


class Recurrence(Declared):
    """How often something is due.

    Attributes:
        every: every business day, every Monday, every first of the month or of the year; several times a day nothing is due yet.
    """

    every: Every

    @property
    def rule(self) -> CycleRule:
        """Return what the recurrence means."""
        return CYCLES[self.every]


class PostgresSource(Declared):
    """A table of a PostgreSQL source system, taken by watermark with an overlap of days.

    Attributes:
        kind: `postgres`.
        connection: the name of the connection; `HUILIU_CONNECTION_<NAME>` says where it is.
        table: the table or view, `table` or `schema.table`.
        watermark: the column, as the source calls it, whose time says when a row changed.
        overlap_days: how many days before the last landed date are asked for again, for rows that were committed late.
        reconcile: how often its keys and positions are compared with what has arrived.
        retry: how often it is asked again after a failure that may pass.
    """

    kind: Literal["postgres"]
    connection: str
    table: str
    watermark: str
    overlap_days: int = Field(3, alias="overlapDays", ge=0, le=31)
    reconcile: Recurrence | None = None
    retry: Retry = Field(default_factory=Retry)

    @property
    def place(self) -> str:
        """Return what messages call the source."""
        return f"{self.connection}: table {self.table}"


class CsvSource(Declared):
    """CSV files dropped below the inbox.

    Attributes:
        kind: `csv`.
        path: where they lie below the inbox: `{date}` once, `{region}` or `{office}` where many deliver, `{n}` and `*` for what differs.
        encoding: the encoding of all bytes; `gb18030` also reads GBK and GB 2312, `big5` also the characters of Hong Kong and Macao.
        delimiter: what separates fields: a comma, a semicolon, a tab, a space; in UTF-8 and UTF-16 also `|`.
        header_from: the line in which the header stands; the lines above it, such as a title, are left out.
        header_rows: 0 where files have no header: the columns come in the order of the contract, or as `order` of their layout says.
    """

    kind: Literal["csv"]
    path: str
    encoding: Encoding = "utf-8"
    delimiter: str = ","
    header_from: int = Field(1, alias="headerFrom", ge=1, le=20)
    header_rows: Literal[0, 1] = Field(1, alias="headerRows")


class JsonLinesSource(Declared):
    """JSON Lines files dropped below the inbox, UTF-8, one object a line.

    Attributes:
        kind: `jsonl`.
        path: where they lie below the inbox, as of `csv`.
    """

    kind: Literal["jsonl"]
    path: str


class XlsxSource(Declared):
    """Workbooks dropped below the inbox, of which one sheet is read.

    Attributes:
        kind: `xlsx`.
        path: where they lie below the inbox, as of `csv`; it ends in `.xlsx`.
        sheet: the exact name of the sheet.
        header_from: the first row of the header; the rows above it, such as a title, are left out.
        header_rows: how many rows the header has; a column's name is its texts from above, joined by `/`.
        formulas: whether a cell with a formula rejects its row (`reject`) or its stored result is read (`result`).
    """

    kind: Literal["xlsx"]
    path: str
    sheet: str
    header_from: int = Field(1, alias="headerFrom", ge=1, le=20)
    header_rows: int = Field(1, alias="headerRows", ge=1, le=5)
    formulas: Literal["reject", "result"] = "reject"


class ApiSource(Declared):
    """A paged HTTP API with a bearer token, taken by watermark with an overlap of days.

    Attributes:
        kind: `api`.
        connection: the name of the connection; `HUILIU_CONNECTION_<NAME>` and `HUILIU_SECRET_<NAME>` say where it is and who asks.
        path: the path below the address of the connection.
        watermark: the field, as the API calls it, whose time says when a record changed.
        page_size: how many records are asked for at once.
        overlap_days: how many days before the last landed date are asked for again.
        paging: how its pages make up one moment: `snapshot` (its answers name a snapshot, which later pages are asked from), `key` (it
            answers in the order of the key, after a key), `passes` (neither: all pages are read until two passes agree).
        repeated_keys: whether it may give several rows of one key.
        reconcile: how often its keys and positions are compared with what has arrived.
        retry: how often a request is sent again after a failure that may pass.
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
    retry: Retry = Field(default_factory=Retry)

    @property
    def place(self) -> str:
        """Return what messages call the source."""
        return f"{self.connection}: {self.path}"


Source = Annotated[PostgresSource | CsvSource | JsonLinesSource | XlsxSource | ApiSource, Field(discriminator="kind")]


class OneProvider(Declared):
    """One department delivers: the office of this kind of the city, or of the province the city lies in.

    Attributes:
        kind: a kind of departments.csv, such as `civil_affairs`.
        of: whose office it is.
    """

    kind: str
    of: Literal["city", "province"] = "city"

    def __str__(self) -> str:
        """Return the provider in words."""
        return f"{self.kind} of the {self.of}"


class EachProvider(Declared):
    """Each region of a level has an office that delivers its own batch.

    Attributes:
        each: the level of the regions.
        kind: the department's kind, where it is not the region's own office.
        senders: who is silent when nothing comes: `all`, or only those that sent before (`known`).
    """

    each: Literal["district", "street", "community"]
    kind: str | None = None
    senders: Literal["all", "known"] = "all"

    def __str__(self) -> str:
        """Return the providers in words."""
        return f"{self.kind} of each {self.each}" if self.kind else f"each {self.each}"


class Cycle(Recurrence):
    """How often a delivery is due, and by what hour.

    Attributes:
        every: every business day, every Monday, every first of the month or of the year; several times a day no source delivers yet.
        due_hours: hours from the beginning of that day until the delivery is late: 9 is nine o'clock, 72 the end of the third day.
    """

    due_hours: int = Field(alias="dueHours", ge=0)

    @field_validator("due_hours")
    @classmethod
    def _within_the_cycle(cls, hours: int, info: ValidationInfo) -> int:
        every = info.data.get("every")
        if every is not None and hours > CYCLES[every].latest_hours:
            raise ValueError(f"is more than {CYCLES[every].latest_hours}, the most with every: {every}")
        return hours


class Sharing(Declared):
    """How the resource may be shared (Decree 809).

    Attributes:
        attribute: 1 unconditional, 2 conditional, 3 not shared.
        grade: the grade of the resource: at least the highest of its columns.
        open_type: whether the public may have it.
        legal_basis: the law that forbids sharing, with its article (`《…法》第…条`); needed with attribute 3.
    """

    attribute: Literal[1, 2, 3]
    grade: Grade
    open_type: Literal["unconditional", "conditional", "closed"] = Field(alias="openType")
    legal_basis: str | None = Field(None, alias="legalBasis")


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
    """One column: its name in the source, its type, its class and grade, and how it is normalised before rules see it.

    Attributes:
        name: what it is called from bronze on: small letters, digits and underscores.
        source_name: what it is called in deliveries, where that is not its name.
        label_zh: its Chinese name for people.
        label_en: its English name for people.
        type: what its texts stand for.
        physical_type: how a number is stored: `decimal(18,2)` or `double`; needed with `logicalType: number`.
        format: how dates and times are written; without it ISO 8601 (`yyyy-MM-dd`, `yyyy-MM-dd HH:mm:ss`).
        required: whether it must not be empty; an empty one quarantines its row.
        key: whether it is part of the key; needs `required`.
        class_: what kind of value it holds, a class of policies.yaml, which says with the level how the column may leave the lake.
        grade: how sensitive it is, 4 the most.
        normalise: what is done to texts before rules see them, in this order; see the reference of rules.
        identity: the name of the person id column derived from it, such as `person_id`.
        dropped: whether it is dropped when it is read: kept by no reader, in no table.
        added: the version of the contract that added the column to a resource that had been delivered before; rows without a value of it
            keep their hashes, so that no earlier delivery counts as new.
        renamed_from: the names the column had in the tables before, the first one first.
    """

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
    added: str | None = None
    renamed_from: tuple[str, ...] = ()

    @property
    def first_name(self) -> str:
        """Return the name the column had first; hashes know it by that."""
        return self.renamed_from[0] if self.renamed_from else self.name

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
    """A resource. Schemas, rules, suites, DAGs and docs are derived from this contract and from nothing else.

    Attributes:
        code: the code of the resource; the file's name and the table's name are the same.
        name_zh: its Chinese name.
        name_en: its English name.
        description: what it is for.
        version: `major.minor.patch`; it changes whenever the contract does.
        level: who delivers; the file lies in the folder of that name.
        provider: the department that delivers, by kind: one, or one of each region.
        source: how deliveries reach the lakehouse and how they are read.
        cycle: how often a delivery is due.
        delivery: `increment` adds and changes, `snapshot` also closes keys it no longer names, `event` only adds.
        position: the column that orders the rows of a key in source time; without it the business date does.
        operation: which column says that a key was deleted.
        sharing: how the resource may be shared.
        locality: which columns say where a row belongs.
        block_at: from how many broken rows on a batch is blocked.
        closings_held_at: how many keys a snapshot may lack before its closings are held.
        alerts: how the people who answer for the resource are alerted.
        words_for_nothing: words that say a value is missing, besides those every export writes.
        layouts: how deliveries are laid out at which dates, where that changed; all of its layouts, complete.
        migrations: changes of its tables that may lose something, each with a name, in the order they came.
        columns: the columns, in order.
        rules: the rules judged at the gate.
        references: the rules judged in the libraries: values that a base library should know.
        file: the file of the contract.
    """

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
    layouts: tuple[Layout, ...] = ()
    closings_held_at: ClosingsHeldAt = ClosingsHeldAt()
    alerts: Alerts = Alerts()
    migrations: tuple[Migration, ...] = ()
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
    def first_columns(self) -> tuple[Column, ...]:
        """Return the kept columns that were there from the beginning; row hashes know them by their place."""
        return tuple(column for column in self.kept_columns if column.added is None)

    @property
    def added_columns(self) -> tuple[Column, ...]:
        """Return the kept columns that were added later; row hashes know them by name, and only where they have a value."""
        return tuple(column for column in self.kept_columns if column.added is not None)

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

    def migration_of(self, column: str) -> str | None:
        """Return the newest migration that gives a column another type."""
        return next((one.name for one in reversed(self.migrations) if column in one.columns), None)

    def migration_of_key(self) -> str | None:
        """Return the migration that makes the key what it is."""
        key = tuple(column.name for column in self.key_columns)
        return next((one.name for one in reversed(self.migrations) if one.key == key), None)

    def rules_of(self, severity: Literal["error", "warning"]) -> tuple[Rule, ...]:
        """Return the rules of one severity."""
        return tuple(rule for rule in self.rules if rule.severity == severity)
