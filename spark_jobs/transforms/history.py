"""The history of keys: cut versions from accepted rows, and find the changes that bring the written versions to that state.

An *entry* is what a source said about a key at a position: a version without its end and without `_recorded_on`, `_closed_on` and
`_replaced_on`. The present versions are a pure function of the accepted rows, in whatever order these arrived. Rows are shuffled by key
only once; all windows are within keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract

ORDER = ("_position", "_business_date", "_delivery_no", "_source_line")
SAME_VERSION = ("_key", "_position", "_content_hash", "_batch_id", "_source_line")


def entries(rows: DataFrame, contract: Contract) -> DataFrame:
    """Return accepted rows as entries.

    Rows: one per row, or per key and snapshot that lacks it (`_absent`: such an entry deletes the key).
    Columns: adds `valid_from`, `_deleted` and `_content_hash` (over the typed columns without position and operation, and over `_deleted`;
    for a snapshot also over the provider, because a key belongs to the provider that named it last).
    """
    operation = contract.operation
    deleted = F.coalesce(F.col(operation.column).isin(*operation.delete), F.lit(False)) if operation else F.lit(False)
    if contract.delivery == "snapshot":
        rows = rows if "_absent" in rows.columns else rows.withColumn("_absent", F.lit(False))
        deleted = deleted | F.col("_absent")
    rows = rows.withColumn("_deleted", deleted).withColumn("valid_from", F.col("_position").cast("timestamp"))
    return rows.withColumn("_content_hash", content_hash(contract))


def content_hash(contract: Contract) -> Column:
    """Return the hash of what typed rows with `_deleted` and `_provider` say; a column without a value leaves no trace in it."""
    left_out = {contract.position, contract.operation.column if contract.operation else None}
    content = [F.col(f"`{column.name}`") for column in contract.kept_columns if column.name not in left_out]
    told = ["_deleted", "_provider"] if contract.delivery == "snapshot" else ["_deleted"]
    return F.sha2(F.to_json(F.struct(*content, *told), {"ignoreNullFields": "true"}), 256)


def cut(said: DataFrame, contract: Contract) -> DataFrame:
    """Cut entries into the versions of each key.

    Rows: in, all entries of each key, or its open version and all later entries; out, one per version. Of several entries at one position
    only the last in order counts; of an event, only the last entry of the key. Consecutive entries with equal content are one version. A
    snapshot that lacks a key deletes it only if its provider was the last to name the key.
    Columns: adds `valid_to`, null while open.
    """
    said = _effective(said.repartition("_key")) if contract.delivery == "snapshot" else said.repartition("_key")
    whole = ["_key"] if contract.delivery == "event" else ["_key", "_position"]
    last = Window.partitionBy(*whole).orderBy(*(F.col(name).desc() for name in ORDER))
    standing = said.withColumn("_nth", F.row_number().over(last)).where("_nth = 1")
    in_time = Window.partitionBy("_key").orderBy("_position")
    before = F.lag("_content_hash").over(in_time)
    versions = standing.withColumn("_news", ~before.eqNullSafe(F.col("_content_hash"))).where("_news")
    return versions.withColumn("valid_to", F.lead("valid_from").over(in_time)).drop("_nth", "_news")


def changes(present: DataFrame, wanted: DataFrame, on: date, same_version: Sequence[str] = SAME_VERSION) -> DataFrame:
    """Return the rows to write, with `_change` (inserted or updated), so that the present versions become the wanted ones.

    An open version that has ended is closed in place. A version that was wrong is marked as replaced, and the right one is inserted.

    Rows: one per `_version_id`; none where nothing differs. Columns: those of `present`.

    Args:
        present: the versions of the touched keys that are not replaced, or that were written and replaced on the date `on`; all columns.
        wanted: the result of `cut` for these keys.
        on: the business date of the step; it is recorded as the date on which the changes became known.
        same_version: the columns by which a version is recognised.
    """
    columns = present.columns
    is_present = F.col("_side") == "present"
    side = F.when(F.col("_replaced_on").isNull(), "present").otherwise("ghost")
    pairs = present.withColumn("_side", side).unionByName(_as_versions(wanted, columns, on).withColumn("_side", F.lit("wanted")))
    same = Window.partitionBy(*same_version)
    pairs = pairs.repartition("_key").withColumns({f"_{name}": _end_in(name).over(same) for name in ("wanted", "present")})
    ends = F.col("_present").isNotNull() & F.col("_present.valid_to").isNull() & F.col("_wanted.valid_to").isNotNull()
    stands = F.col("_present").eqNullSafe(F.col("_wanted"))
    written = pairs.where((F.col("_side") == "ghost") | F.when(ends, is_present).otherwise(~stands))
    ended = written.withColumns(
        {
            "_change": F.when(F.col("_side") == "wanted", "inserted").when(is_present, "updated").otherwise("ghost"),
            "_replaced_on": F.when(is_present & ~ends, F.lit(on)).otherwise(F.col("_replaced_on")),
            "_closed_on": F.when(is_present & ends, F.lit(on)).otherwise(F.col("_closed_on")),
            "valid_to": F.when(is_present & ends, F.col("_wanted.valid_to")).otherwise(F.col("valid_to")),
        }
    )
    return _one_per_version(ended, columns)


def overtaken(firsts: DataFrame, earlier: DataFrame) -> DataFrame:
    """Return the keys with a known entry that is not earlier than their first new row; these must be cut again.

    Rows: in, `firsts` one per key with `_first`, its first new position; `earlier` with `_key, _position`; out, one per key.
    """
    return earlier.join(firsts, "_key").where("_position >= _first").select("_key").distinct()


def overlaps() -> Column:
    """Return whether a version overlaps the next one of its key (or is open although another follows); for versions not replaced."""
    following = F.lead("valid_from").over(Window.partitionBy("_key").orderBy("valid_from"))
    return following.isNotNull() & (F.col("valid_to").isNull() | (F.col("valid_to") > following))


def _effective(said: DataFrame) -> DataFrame:
    """Drop absences that delete nothing: another provider named the key last, or the key is deleted already."""
    before = Window.partitionBy("_key").orderBy(*ORDER).rowsBetween(Window.unboundedPreceding, -1)
    is_absent = F.coalesce(F.col("_absent"), F.lit(False))
    standing = F.last(F.when(~is_absent, F.struct("_provider", "_deleted")), ignorenulls=True).over(before)
    said = said.withColumn("_standing", standing)
    ends = (F.col("_standing._provider") == F.col("_provider")) & ~F.col("_standing._deleted")
    return said.where(~is_absent | F.coalesce(ends, F.lit(False))).drop("_standing", "_absent")


def _end_in(side: str) -> Column:
    return F.max(F.when(F.col("_side") == side, F.struct("valid_to")))


def _as_versions(wanted: DataFrame, columns: list[str], on: date) -> DataFrame:
    nothing: Column = F.lit(None).cast("date")
    made = {
        "_version_id": version_id(F.col("valid_to"), F.lit(on)),
        "_recorded_on": F.lit(on),
        "_closed_on": nothing,
        "_replaced_on": nothing,
    }
    return wanted.withColumns(made).select(*columns)


def version_id(end: Column, recorded_on: Column) -> Column:
    """Return the id of a version, by its end when it was first written, and by the date on which that was."""
    told = F.coalesce(F.date_format(end, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'"), F.lit(""))
    return F.sha2(F.concat_ws("|", "_key", "_position", told, "_content_hash", recorded_on.cast("string")), 256)


def _one_per_version(rows: DataFrame, columns: list[str]) -> DataFrame:
    """Return one row per version id.

    A version that was replaced on the very date it was written and is wanted again is restored, not inserted a second time.
    """
    same_id = Window.partitionBy("_key", "_version_id")
    first = same_id.orderBy(F.array_position(F.array(F.lit("inserted"), F.lit("updated"), F.lit("ghost")), F.col("_change")))
    rows = rows.withColumns({"_nth": F.row_number().over(first), "_alike": F.count("*").over(same_id)})
    rows = rows.where((F.col("_nth") == 1) & (F.col("_change") != "ghost"))
    return rows.withColumn("_change", F.when(F.col("_alike") > 1, "updated").otherwise(F.col("_change"))).select(*columns, "_change")
