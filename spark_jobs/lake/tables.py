"""The shapes of bronze, silver and reference tables: columns, clustering and properties; bronze and silver are derived from a contract."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakehouse.contracts.model import Contract
from lakehouse.naming import bronze, silver
from spark_jobs.transforms.types import spark_type

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
_PLAIN = {"delta.enableDeletionVectors": "false"}  # readers outside Spark cannot read them


@dataclass(frozen=True)
class TableShape:
    """The name, columns, clustering and properties a table is created with."""

    name: str
    columns: tuple[tuple[str, str], ...]
    cluster_by: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=lambda: dict(_PLAIN))


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
    texts = tuple((column.name, "string") for column in contract.kept_columns)
    statistics = "_batch_id,_business_date,_delivery_no,_position"
    properties = {**_PLAIN, "delta.dataSkippingStatsColumns": statistics}
    return TableShape(bronze(contract.code), texts + BRONZE_TECHNICAL, ("_business_date", "_batch_id"), properties)


def silver_table(contract: Contract) -> TableShape:
    """Return the shape of a resource's silver table: typed columns, person ids, then the two times of a version and its origin."""
    typed = tuple((column.name, spark_type(column).simpleString()) for column in contract.kept_columns)
    identities = tuple((column.identity, "string") for column in contract.identity_columns if column.identity)
    statistics = "_version_id,_key,valid_from,valid_to,_recorded_on,_closed_on,_replaced_on"
    properties = {**_PLAIN, "delta.dataSkippingStatsColumns": statistics}
    return TableShape(silver(contract.code), typed + identities + SILVER_TECHNICAL, (), properties)
