"""Read and write the tables of the lake; no other module does.

All statements go to the instance's one Spark application, the only writer. Its catalog is kept in memory, so every table is registered
again after a restart. When nothing differs, no statement runs: even a statement without effect would make a commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any
from uuid import uuid4

from pyspark.errors.exceptions.connect import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.contracts.shape import Change, changes, shape_of_texts, shape_of_values
from lakehouse.errors import ConfigError, ContractError, Problem, problems_text
from lakehouse.naming import REBUILT, SCHEMAS, bronze, silver, table_path
from lakehouse.objects import Area, open_area
from lakehouse.upkeep.terms import KEPT_FOR, PROPERTY
from spark_jobs.lake.tables import TableShape, bronze_table, shape_of_bronze, shape_of_silver, silver_table

LAKE_PROPERTY = "huiliu.lake"
LOG = "_delta_log"
COMMIT_NOTE = "spark.databricks.delta.commitInfo.userMetadata"
RESTORED = "RESTORE"  # the operation of a commit, as Delta names it


@dataclass(frozen=True)
class Changes:
    """How many rows a write inserted, updated and deleted; a write without changes makes no new version."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        """Return the rows written."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True)
class Target:
    """The table that rows are compared with and written to, and its key.

    Rows of the table that fulfil the SQL condition `delete_where` and are not among the new rows are deleted. `compare` names the hash
    column that tells whether a row differs; without it all columns are compared.
    """

    table: str
    key: tuple[str, ...]
    delete_where: str | None = None
    compare: str | None = None


def attach(spark: SparkSession, instance: Instance) -> None:
    """Register every table of the lake in the catalog; when that is done already, only one short statement runs.

    Raises:
        ConfigError: the application serves another lake.
    """
    area = open_area(instance, "lake")
    lake = area.spark_url()
    attached = _attached_lake(spark)
    if attached == lake:
        return
    if attached is not None:
        fix = "restart Spark, or set HUILIU_STORE to the store it was started with."
        raise ConfigError(Problem("Spark", f"it serves the lake {attached}, not {lake}.", "one lake per application", fix).text())
    for schema in SCHEMAS:
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema} LOCATION {_text(area.spark_url(schema))}")
        spark.sql(f"ALTER SCHEMA {schema} SET LOCATION {_text(area.spark_url(schema))}")
    for table in tables(instance):
        spark.sql(f"CREATE TABLE IF NOT EXISTS {table} USING DELTA LOCATION {_text(area.spark_url(table_path(table)))}")
    spark.sql(f"ALTER SCHEMA {SCHEMAS[0]} SET DBPROPERTIES ({_text(LAKE_PROPERTY)} = {_text(lake)})")


def detach(spark: SparkSession) -> None:
    """Remove the lake's tables from the catalog; their files stay. Schemas stay too: dropping one would delete its folder."""
    for schema in SCHEMAS:
        for row in spark.sql(f"SHOW TABLES IN {schema}").where("not isTemporary").collect():
            spark.sql(f"DROP TABLE {schema}.{row.tableName}")
    spark.sql(f"ALTER SCHEMA {SCHEMAS[0]} SET DBPROPERTIES ({_text(LAKE_PROPERTY)} = '')")


def tables(instance: Instance) -> tuple[str, ...]:
    """Return the names of the tables that exist in the lake's folders, whether or not the catalog knows them."""
    area = open_area(instance, "lake")
    folders = [folder for schema in SCHEMAS for folder in area.folders(schema)]
    return tuple(folder.replace("/", ".") for folder in folders if _version(area, folder) is not None)


def versions(instance: Instance, names: Iterable[str] | None = None) -> dict[str, int]:
    """Return the version of each table of the lake (or of the named ones that exist), read from its Delta log without Spark."""
    area = open_area(instance, "lake")
    found = {name: _version(area, table_path(name)) for name in (tables(instance) if names is None else names)}
    return {name: version for name, version in found.items() if version is not None}


def ensure_table(spark: SparkSession, instance: Instance, shape: TableShape) -> None:
    """Create a table of this shape unless it exists."""
    said = {name: f" COMMENT {_text(comment)}" for name, comment in shape.comments.items()}
    columns = ", ".join(f"`{name}` {type_}{said.get(name, '')}" for name, type_ in shape.columns)
    spark.sql(f"CREATE TABLE IF NOT EXISTS {shape.name} ({columns}) {_kept_as(instance, shape)}")


def _kept_as(instance: Instance, shape: TableShape) -> str:
    cluster = f"CLUSTER BY ({', '.join(shape.cluster_by)})" if shape.cluster_by else ""
    location = _text(open_area(instance, "lake").spark_url(table_path(shape.name)))
    given = {**shape.properties, PROPERTY: KEPT_FOR}
    properties = ", ".join(f"{_text(name)} = {_text(value)}" for name, value in given.items())
    return f"USING DELTA {cluster} LOCATION {location} TBLPROPERTIES ({properties})"


def ensure_tables(spark: SparkSession, instance: Instance, contract: Contract) -> None:
    """Create the bronze and silver tables of a resource unless they exist; give them the columns that were added to the contract.

    Raises:
        ContractError: a table does not fit the contract in another way; nothing was changed.
    """
    wanted = (bronze_table(contract), silver_table(contract))
    there = {shape.name: columns_of(spark, shape.name) for shape in wanted}
    found = [change for change in reshaping(contract, there) if change.stops]
    if found:
        raise ContractError(problems_text(_unfit(contract, change) for change in dict.fromkeys(found)))
    for shape in wanted:
        columns = there[shape.name]
        if columns is None:
            ensure_table(spark, instance, shape)
        elif new := [f"`{name}` {type_}" for name, type_ in shape.columns if name not in columns.types]:
            spark.sql(f"ALTER TABLE {shape.name} ADD COLUMNS ({', '.join(new)})")


@dataclass(frozen=True)
class Columns:
    """The columns of a table in order (name → type), and what is said of its key."""

    types: Mapping[str, str]
    key_comment: str


def columns_of(spark: SparkSession, table: str) -> Columns | None:
    """Return the columns of a table, None where there is no such table."""
    try:
        fields = spark.read.table(table).schema.fields
    except AnalysisException as error:
        if error.getCondition() == "TABLE_OR_VIEW_NOT_FOUND":
            return None
        raise
    comments = {field.name: field.metadata.get("comment", "") for field in fields}
    return Columns({field.name: field.dataType.simpleString() for field in fields}, comments.get("_key", ""))


def reshaping(contract: Contract, there: Mapping[str, Columns | None]) -> list[Change]:
    """Return what must happen so that the tables of a resource (by name; None: not there yet) fit its contract, bronze first."""
    texts, values = there[bronze(contract.code)], there[silver(contract.code)]
    found: list[Change] = []
    if texts is not None:
        found += changes(shape_of_bronze(texts.types, texts.key_comment), shape_of_texts(contract), contract)
    if values is not None:
        found += changes(shape_of_silver(values.types, values.key_comment), shape_of_values(contract), contract)
    return found


def _unfit(contract: Contract, change: Change) -> Problem:
    fix = change.fix or f"run `huiliu contracts migrate {contract.code}` (--dry-run shows what it does)."
    return Problem(f"{contract.file}: {change.where}", f"the table does not fit: {change.text}", "", fix)


def rewrite(spark: SparkSession, instance: Instance, shape: TableShape, rows: DataFrame) -> None:
    """Replace a table by these rows and this shape, in one commit."""
    columns = [F.col(f"`{name}`").cast(type_).alias(name, metadata=_metadata(shape, name)) for name, type_ in shape.columns]
    view = f"rewritten_{uuid4().hex}"
    rows.select(*columns).createOrReplaceTempView(view)
    try:
        spark.sql(f"CREATE OR REPLACE TABLE {shape.name} {_kept_as(instance, shape)} AS SELECT * FROM {view}").collect()  # noqa: S608 ours
    finally:
        spark.catalog.dropTempView(view)


def tell_key(spark: SparkSession, shape: TableShape) -> None:
    """Say at the column `_key` of a table of what columns it is made."""
    spark.sql(f"ALTER TABLE {shape.name} ALTER COLUMN _key COMMENT {_text(shape.comments['_key'])}")


@contextmanager
def telling(spark: SparkSession, told: Mapping[str, object]) -> Iterator[None]:
    """Let every commit of this session be told something, as JSON."""
    spark.conf.set(COMMIT_NOTE, json.dumps(told, ensure_ascii=False))
    try:
        yield
    finally:
        spark.conf.unset(COMMIT_NOTE)


def last_commit(spark: SparkSession, table: str) -> tuple[int, dict[str, Any]]:
    """Return the newest version of a table and what its commit was told."""
    [row] = spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").select("version", "userMetadata").collect()
    return row.version, json.loads(row.userMetadata or "{}")


def last_told(spark: SparkSession, table: str, mark: str) -> dict[str, Any] | None:
    """Return what the newest commit that was told something under this name was told; None without one, or after the table was restored."""
    for row in spark.sql(f"DESCRIBE HISTORY {table}").select("userMetadata", "operation").collect():  # newest first
        told: dict[str, Any] = json.loads(row.userMetadata or "{}")
        if mark in told or row.operation == RESTORED:
            return told if mark in told else None
    return None


def optimize(spark: SparkSession, table: str) -> None:
    """Write the small files of a table together, clustered where it is clustered, in one commit that changes no row.

    The commit says what the one before it was told, so that nobody who asks for the last word takes it for another one.
    """
    _, told = last_commit(spark, table)
    with telling(spark, told) if told else nullcontext():
        spark.sql(f"OPTIMIZE {table}").collect()


def keep_versions(spark: SparkSession, table: str) -> None:
    """Let a table keep the files of its earlier versions for their term (`terms.VERSIONS`)."""
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({_text(PROPERTY)} = {_text(KEPT_FOR)})")


def vacuum(spark: SparkSession, table: str) -> None:
    """Remove the files that left a table longer ago than it keeps them; Delta ignores any other number of hours (4.4)."""
    spark.sql(f"VACUUM {table}").collect()


def restore(spark: SparkSession, table: str, version: int) -> None:
    """Let a table be what it was in an earlier version; its history stays."""
    spark.sql(f"RESTORE TABLE {table} TO VERSION AS OF {version}").collect()


def drop_rebuilt(spark: SparkSession, instance: Instance) -> None:
    """Remove every table that was built again beside another one (`naming.rebuilt`), with its files."""
    area, schema = open_area(instance, "lake"), REBUILT.partition(".")[0]
    for folder in area.folders(schema):
        if folder.startswith(REBUILT.replace(".", "/")):
            spark.sql(f"DROP TABLE IF EXISTS {folder.replace('/', '.')}")
            area.delete_folder(folder)


def exists(spark: SparkSession, table: str) -> bool:
    """Return whether there is such a table."""
    return bool(spark.catalog.tableExists(table))


def read(spark: SparkSession, table: str, version: int | None = None) -> DataFrame:
    """Return the rows of a table: of one version, or by default of the latest commit at the time of use."""
    if version is None:
        return spark.read.table(table)
    return spark.sql(f"SELECT * FROM {table} VERSION AS OF {version}")  # noqa: S608 both come from our own code


def read_staged(spark: SparkSession, instance: Instance, path: str) -> DataFrame:
    """Return the rows a reader left in Parquet files below the lake root (`naming.staging_path`)."""
    return spark.read.parquet(open_area(instance, "lake").spark_url(path))


def known_batches(spark: SparkSession, table: str, batch_ids: Sequence[str]) -> set[str]:
    """Return which of these batches have rows in the table."""
    found = read(spark, table).where(F.col("_batch_id").isin(list(batch_ids))).select("_batch_id").distinct()
    return {row._batch_id for row in found.collect()}


def append_batches(spark: SparkSession, table: str, rows: DataFrame, batch_ids: Sequence[str], *, again: bool = False) -> tuple[str, ...]:
    """Append the rows of batches that the table does not hold yet, in one commit, and return the ids of these batches.

    The commit carries the ids as metadata and an application id made from them, so the same commit sent twice counts once. Rows that were
    there and are lost (`again`) come under an id of their own: Delta would leave out a commit whose id it knows.
    """
    new = tuple(sorted(set(batch_ids) - known_batches(spark, table, batch_ids)))
    if not new:
        return ()
    told = (*new, str(last_commit(spark, table)[0])) if again else new
    append(table, rows.where(F.col("_batch_id").isin(list(new))), "\n".join(told), {"batches": new})
    return new


def append(table: str, rows: DataFrame, identity: str, told: Mapping[str, object]) -> None:
    """Append rows in one commit that is told something, as JSON; a commit of the same identity counts once."""
    writer = rows.write.format("delta").mode("append")
    writer = writer.option("txnAppId", hashlib.sha256(identity.encode()).hexdigest()).option("txnVersion", 1)
    writer.option("userMetadata", json.dumps(told)).saveAsTable(table)


def write_differences(spark: SparkSession, target: Target, rows: DataFrame) -> Changes:
    """Make the table hold these rows (one per key, all columns) by one MERGE of the differences; no statement when there are none."""
    present = read(spark, target.table).withColumn("_in_scope", F.expr(target.delete_where or "false"))
    on = reduce(and_, (_pair(name) for name in target.key))
    joined = rows.withColumn("_wanted", F.lit(True)).alias("n").join(present.alias("t"), on, "full")
    compared = (target.compare,) if target.compare else [name for name in rows.columns if name not in target.key]
    is_same = reduce(and_, (_pair(name) for name in compared), F.lit(True))
    is_gone = F.col("n._wanted").isNull()
    change = (
        F.when(F.col("t._in_scope").isNull(), "inserted")
        .when(is_gone & F.col("t._in_scope"), "deleted")
        .when(~is_gone & ~is_same, "updated")
    )
    values = [F.coalesce(f"n.{name}", f"t.{name}").alias(name) if name in target.key else F.col(f"n.{name}") for name in rows.columns]
    return merge(spark, target.table, joined.select(*values, change.alias("_change")).where("_change IS NOT NULL"), target.key)


def merge(spark: SparkSession, table: str, changes: DataFrame, key: Sequence[str]) -> Changes:
    """Write changed rows in one statement; none runs when there are none.

    Args:
        spark: the session.
        table: the table.
        changes: whole rows, one per key, with a column `_change`: inserted, updated or deleted.
        key: the columns of the key.
    """
    settled = changes.localCheckpoint()
    counted = {row["_change"]: row["count"] for row in settled.groupBy("_change").count().collect()}
    if not counted:
        return Changes()
    view = f"changes_{uuid4().hex}"
    settled.createOrReplaceTempView(view)
    on = " AND ".join(f"t.`{name}` <=> c.`{name}`" for name in key)
    clauses = ["WHEN NOT MATCHED THEN INSERT *"]
    if counted.get("deleted"):
        clauses.insert(0, "WHEN MATCHED AND c._change = 'deleted' THEN DELETE")
    if counted.get("updated"):
        clauses.insert(-1, "WHEN MATCHED THEN UPDATE SET *")
    merging = f"MERGE INTO {table} t USING {view} c ON {on} {' '.join(clauses)}"
    adding = f"INSERT INTO {table} BY NAME SELECT * EXCEPT (_change) FROM {view}"  # half the time of a MERGE (ADR 0035)  # noqa: S608 names are ours
    try:
        spark.sql(merging if set(counted) - {"inserted"} else adding).collect()
    finally:
        spark.catalog.dropTempView(view)
    return Changes(**counted)


def _metadata(shape: TableShape, name: str) -> dict[str, Any]:
    return {"comment": shape.comments[name]} if name in shape.comments else {}


def _pair(name: str) -> Column:
    return F.col(f"n.`{name}`").eqNullSafe(F.col(f"t.`{name}`"))


def _attached_lake(spark: SparkSession) -> str | None:
    try:
        described = spark.sql(f"DESCRIBE SCHEMA EXTENDED {SCHEMAS[0]}").where("info_name = 'Properties'").collect()
    except AnalysisException:
        return None
    marker = f"({LAKE_PROPERTY},"
    text: str = described[0].info_value if described else ""
    return text.split(marker, 1)[1].split(")", 1)[0] or None if marker in text else None


def _version(area: Area, folder: str) -> int | None:
    names = (one.path.rsplit("/", 1)[-1] for one in area.list(f"{folder}/{LOG}"))
    commits = [int(name[:20]) for name in names if name.endswith(".json") and name[:20].isdigit()]
    return max(commits, default=None)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
