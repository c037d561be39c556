"""Returns the rows that break an invariant of history or authority; an empty result is what is wished for."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.authority import Candidate
from spark_jobs.transforms.history import overlaps


def known_at(versions: DataFrame, business_date: date, end: datetime) -> DataFrame:
    """Returns the versions as known at a business date and valid at its end (design §7).

    Args:
        versions: a silver table.
        business_date: the date.
        end: the first instant after it, UTC.
    """
    recorded = (F.col("_recorded_on") <= business_date) & (F.col("_replaced_on").isNull() | (F.col("_replaced_on") > business_date))
    still_valid = F.col("valid_to").isNull() | (F.col("_closed_on") > business_date) | (F.col("valid_to") >= F.lit(end))
    return versions.where(recorded & (F.col("valid_from") < F.lit(end)) & still_valid & ~F.col("_deleted"))


def history_breaks(versions: DataFrame) -> DataFrame:
    """Returns the keys of a silver table whose present versions overlap or of which more than one is open.

    Rows: one per offending version. Columns: `_key`.
    """
    return versions.where("_replaced_on IS NULL").withColumn("_broken", overlaps()).where("_broken").select("_key")


def authority_breaks(golden: DataFrame, known: DataFrame, field: str, identity: str, candidate: Candidate) -> DataFrame:
    """Returns the entities whose golden value is neither the newest value of the authority nor a logged fallback of it.

    Rows: one per offending entity. Columns: `entity_id, field`.
    """
    columns = candidate.columns.get(field, (field,))
    value = F.coalesce(*(F.col(name).cast("string") for name in columns))
    said = known.where(_holds(candidate) & value.isNotNull() & F.col(identity).isNotNull())
    newest = said.groupBy(F.col(identity).alias("entity_id")).agg(
        F.max_by(value, F.struct("valid_from", "_delivery_no", "_source_line")).alias("authority_value")
    )
    source = F.get_json_object("_field_sources", f"$.{field}")
    kept = golden.select(F.col(identity).alias("entity_id"), F.col(field).cast("string").alias("kept"), source.alias("source"))
    joined = kept.join(newest, "entity_id", "left")
    by_authority = F.col("kept").eqNullSafe(F.col("authority_value")) & (F.col("source") == candidate.resource)
    by_fallback = F.col("kept").isNull() == F.col("source").isNull()
    wrong = F.when(F.col("authority_value").isNotNull(), ~by_authority).otherwise(
        ~by_fallback | F.coalesce(F.col("source") == candidate.resource, F.lit(False))
    )
    return joined.where(F.coalesce(wrong, F.lit(True))).select("entity_id", F.lit(field).alias("field"))


def oldest_allowed(end: datetime, max_age_days: int) -> datetime:
    """Returns the instant before which a row is too old to supply a value."""
    return end - timedelta(days=max_age_days + 1)


def _holds(candidate: Candidate) -> Column:
    condition = F.lit(True)
    for name, values in candidate.when.items():
        condition &= F.col(name).cast("string").isin(list(values))
    return condition
