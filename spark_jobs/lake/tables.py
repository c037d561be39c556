"""The shapes of bronze, silver and reference tables: columns, clustering and properties; bronze and silver are derived from a contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lakehouse.contracts.model import Contract
from lakehouse.contracts.shape import Shape, shape_of_texts, shape_of_values
from lakehouse.naming import bronze, silver, verdicts

BRONZE_TECHNICAL = (
    ("_batch_id", "string"),
    ("_provider", "string"),
    ("_business_date", "date"),
    ("_taken_on", "date"),
    ("_delivery_no", "int"),
    ("_source_object", "string"),
    ("_source_line", "bigint"),
    ("_position", "string"),
    ("_key", "string"),
    ("_row_hash", "string"),
    ("_reject", "string"),
    ("_raw", "binary"),
    ("_verdict", "array<string>"),
)
SILVER_TECHNICAL = (
    ("_hmac_key_id", "string"),
    ("_version_id", "string"),
    ("_key", "string"),
    ("valid_from", "timestamp"),
    ("valid_to", "timestamp"),
    ("_position", "string"),
    ("_content_hash", "string"),
    ("_deleted", "boolean"),
    ("_recorded_on", "date"),
    ("_closed_on", "date"),
    ("_replaced_on", "date"),
    ("_batch_id", "string"),
    ("_provider", "string"),
    ("_delivery_no", "int"),
    ("_source_line", "bigint"),
    ("_flags", "array<string>"),
)
VERDICTS = (
    ("_batch_id", "string"),
    ("_source_object", "string"),
    ("_source_line", "bigint"),
    ("_verdict", "array<string>"),
    ("_contract_sha256", "string"),
    ("_rejudging", "int"),
    ("_judged_on", "date"),
)
KEY_COMMENT = "key: "  # the comment of `_key` says which columns it is made of
_PLAIN = {"delta.enableDeletionVectors": "false"}  # readers outside Spark cannot read them


@dataclass(frozen=True)
class TableShape:
    """The name, columns, clustering, properties and comments of columns a table is created with."""

    name: str
    columns: tuple[tuple[str, str], ...]
    cluster_by: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=lambda: dict(_PLAIN))
    comments: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReferenceTable:
    """The shape of a reference table and its key."""

    shape: TableShape
    key: tuple[str, ...]


def _reference(name: str, key: tuple[str, ...], columns: str) -> ReferenceTable:
    pairs = tuple((part.split()[0], part.split()[1]) for part in columns.split(", "))
    return ReferenceTable(TableShape(f"ref.{name}", pairs), key)


REFERENCE = {
    "region": _reference(
        "region",
        ("region_code", "valid_from"),
        "region_code string, name string, level string, parent_code string, managed_by_code string, "
        "valid_from date, valid_to date, successor_code string",
    ),
    "grid": _reference(
        "grid",
        ("grid_code", "valid_from"),
        "grid_code string, name string, community_code string, managed_by_code string, "
        "valid_from date, valid_to date, successor_code string",
    ),
    "department": _reference(
        "department",
        ("uscc", "valid_from"),
        "uscc string, name string, kind string, level string, region_code string, valid_from date, valid_to date",
    ),
    "code": _reference(
        "code",
        ("code_table", "code", "valid_from"),
        "code_table string, code string, label_zh string, label_en string, valid_from date, valid_to date, successor_code string",
    ),
    "calendar": _reference("calendar", ("calendar_date",), "calendar_date date, is_workday boolean"),
    "policy": _reference(
        "policy",
        ("class", "level"),
        "class string, level string, transform string, exemption_transform string, exemption_when string",
    ),
}


def bronze_table(contract: Contract) -> TableShape:
    """Return the shape of a resource's bronze table: its kept columns as text, then the origin of each row and its verdict."""
    statistics = "_batch_id,_business_date,_delivery_no,_position"
    columns = _in_order(shape_of_texts(contract), contract, BRONZE_TECHNICAL)
    return _table(bronze(contract.code), columns, contract, statistics, ("_business_date", "_batch_id"))


def verdicts_table(contract: Contract) -> TableShape:
    """Return the shape of the table of verdicts that were given again: one row per rejudging and bronze row whose verdict it changed."""
    return TableShape(verdicts(contract.code), VERDICTS)


def silver_table(contract: Contract) -> TableShape:
    """Return the shape of a resource's silver table: typed columns, person ids, then the two times of a version and its origin."""
    statistics = "_version_id,_key,valid_from,valid_to,_recorded_on,_closed_on,_replaced_on"
    columns = _in_order(shape_of_values(contract), contract, SILVER_TECHNICAL)
    return _table(silver(contract.code), columns, contract, statistics)


def shape_of_bronze(columns: Mapping[str, str], comment: str) -> Shape:
    """Return what a bronze table holds, by its columns in order (name → type) and the comment of its `_key`."""
    return _shape(columns, comment, BRONZE_TECHNICAL)


def shape_of_silver(columns: Mapping[str, str], comment: str) -> Shape:
    """Return what a silver table holds, by its columns in order (name → type) and the comment of its `_key`."""
    return replace(_shape(columns, comment, SILVER_TECHNICAL), first=None)  # pseudonyms stand among them


def _shape(columns: Mapping[str, str], comment: str, technical: Sequence[tuple[str, str]]) -> Shape:
    names, ours = list(columns), {name for name, _ in technical}
    key = tuple(comment.removeprefix(KEY_COMMENT).split(", ")) if comment.startswith(KEY_COMMENT) else None
    types = {name: type_ for name, type_ in columns.items() if name not in ours}
    return Shape(types, tuple(names[: names.index(technical[0][0])]), key)


def _in_order(shape: Shape, contract: Contract, technical: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the columns as they come to stand when columns are added to a table: those of the beginning, technical ones, the others."""
    added = {column.name for column in contract.added_columns}
    later = [name for name in shape.types if name in added or shape.made_from.get(name) in added]
    first = [name for name in shape.types if name not in later]
    return (*((name, shape.types[name]) for name in first), *technical, *((name, shape.types[name]) for name in later))


def _table(
    name: str, columns: tuple[tuple[str, str], ...], contract: Contract, statistics: str, cluster_by: tuple[str, ...] = ()
) -> TableShape:
    comments = {"_key": KEY_COMMENT + ", ".join(column.name for column in contract.key_columns)}
    return TableShape(name, columns, cluster_by, {**_PLAIN, "delta.dataSkippingStatsColumns": statistics}, comments)
